#include "app/thread_caches.h"

#include <array>
#include <cstdlib>
#include <string>

#include <sys/auxv.h>
#include <unistd.h>

namespace tocsin::app {
namespace {

constexpr const char* variable = "GLIBC_TUNABLES";
constexpr std::string_view name = "glibc.malloc.tcache_count";
// Pieces of each size; glibc's own default is 7. A finding's document has some hundreds.
constexpr std::string_view setting = "glibc.malloc.tcache_count=500";
// Says that the program was begun anew already: its process id (which exec keeps), and after a ':' what GLIBC_TUNABLES
// was, where it was set. glibc drops or rewrites its own variable as it likes; this one is ours.
constexpr const char* mark = "TOCSIN_BEGUN_ANEW";

void put(const char* where, const char* value) {
  if (value)
    setenv(where, value, 1);
  else
    unsetenv(where);
}

}  // namespace

void widen_thread_caches([[maybe_unused]] char** argv) {
#ifdef __GLIBC__
  const char* found = std::getenv(mark);
  const std::string marked = found ? found : "";
  unsetenv(mark);
  // With privileges of its file glibc takes no tunables.
  if (getauxval(AT_SECURE) != 0) return;
  const std::string self = std::to_string(getpid());
  if (found) {
    // Whoever set it, there is no second time. Programs that this one starts need not do as it does.
    if (marked == self) unsetenv(variable);
    if (marked.starts_with(self + ":")) setenv(variable, marked.c_str() + self.size() + 1, 1);
    return;
  }
  // Started by naming the loader, /proc/self/exe is the loader: it was loaded by the kernel, not for another file.
  if (getauxval(AT_BASE) == 0) return;
  const char* tunables = std::getenv(variable);
  const std::string before = tunables ? tunables : "";
  if (before.find(name) != before.npos) return;
  std::array<char, 4096> path{};
  const auto length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return;
  put(mark, (tunables ? self + ":" + before : self).c_str());
  put(variable, (before.empty() ? std::string(setting) : before + ":" + std::string(setting)).c_str());
  execv(path.data(), argv);
  unsetenv(mark);
  put(variable, tunables ? before.c_str() : nullptr);
#endif
}

}  // namespace tocsin::app
