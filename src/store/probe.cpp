// Whether the store would take a write now. Small writes go into space that the log has already, so a full disk shows
// late; the room that is left is looked at as well.
#include <atomic>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "store/store.h"

namespace tocsin::store {

Result<void> check_space(const std::filesystem::path& folder, std::uint64_t free_bytes_min) {
  struct statvfs disk{};
  if (statvfs(folder.c_str(), &disk) != 0)
    return fail(ErrorCode::unavailable,
                fmt::format("the disk of '{}' cannot be looked at: {}", folder.string(), std::strerror(errno)));
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= free_bytes_min) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("the disk of '{}' has {} MB free, fewer than {} MB: what comes in may soon be refused; make "
                          "room, and the server is ready again by itself",
                          folder.string(), free >> 20, free_bytes_min >> 20));
}

void Store::probe(Done done) {
  if (auto room = check_space(folder_, free_bytes_min_); !room) return done(std::move(room));
  submit(
      Lane::containment,
      [](Transaction& transaction) -> Result<void> {
        // A row that is set to what it is would write nothing; this always writes a page.
        transaction.execute("PRAGMA user_version = 1");
        return {};
      },
      std::move(done));
}

}  // namespace tocsin::store
