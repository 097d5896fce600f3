#include "app/thread_caches.h"

#include <array>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace tocsin::app {
namespace {

constexpr const char* variable = "GLIBC_TUNABLES";
constexpr std::string_view name = "glibc.malloc.tcache_count";
// Pieces of each size; glibc's own default is 7. A finding's document has some hundreds.
constexpr std::string_view setting = "glibc.malloc.tcache_count=500";

}  // namespace

void widen_thread_caches([[maybe_unused]] char** argv) {
#ifdef __GLIBC__
  const char* found = std::getenv(variable);
  const std::string before = found ? found : "";
  if (before.find(name) != before.npos) {
    // Begun anew; programs that this one starts need not do as it does.
    if (before == setting) unsetenv(variable);
    return;
  }
  std::array<char, 4096> path{};
  const auto length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return;
  setenv(variable, (before.empty() ? std::string(setting) : before + ":" + std::string(setting)).c_str(), 1);
  execv(path.data(), argv);
  if (found)
    setenv(variable, before.c_str(), 1);
  else
    unsetenv(variable);
#endif
}

}  // namespace tocsin::app
