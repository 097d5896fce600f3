// Carries the write-ahead log over into the database file, beside the committer. Inside this folder only.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/connection.h"

namespace tocsin::store {

// A checkpoint of 16 MB takes 20 to 30 ms, most of it the disk's, in which the committer could make ten commits. So a
// thread with a connection of its own does it. It never catches up with a committer that goes on writing, and only a
// log that is carried over to its end is begun anew, so the committer itself carries over the last few pages when the
// log has become long.
//
//   pages   0 ───── behind_max ─────────────── log_pages_max ──► the committer carries over what is left; anew from 0
//                    └─ a pass each time that so many are not carried over yet
class Checkpointer {
 public:
  explicit Checkpointer(std::unique_ptr<detail::Connection> own) : connection_{std::move(own)} {}
  ~Checkpointer() { stop(); }
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  void start();
  void stop();
  // On the committer's thread after each commit, with the connection that made it.
  void after_commit(detail::Connection& writer);

 private:
  void run();
  std::unique_ptr<detail::Connection> connection_;
  std::thread thread_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, pass_ended_;
  int pages_ = 0;         // in the log
  int carried_over_ = 0;  // of them
  bool is_wanted_ = false;
  bool is_under_way_ = false;
  bool stopping_ = false;
};

}  // namespace tocsin::store
