// The program under test as a child process: started, watched, stopped.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <sys/types.h>

#include "core/identity.h"
#include "core/result.h"
#include "wire.h"

namespace tocsin::bench {

// Processor time used so far.
struct CpuUse {
  std::chrono::milliseconds all{0};
  std::chrono::milliseconds busiest_thread{0};
};

class Server {
 public:
  struct Options {
    std::filesystem::path program;
    std::filesystem::path data;  // stays when the server stops, so that it can be started again
    Identity identity;
    std::string config = {};  // TOML; empty: none
  };
  // Runs `tocsin serve` on a free loopback port until it says that it is ready. Error: unavailable, with its last
  // words.
  static Result<Server> start(const Options& options);
  Server(Server&& other) noexcept;
  Server& operator=(Server&&) = delete;
  ~Server();  // kill()

  const Target& target() const { return target_; }
  std::chrono::milliseconds start_time() const { return start_time_; }
  std::filesystem::path store_file() const { return options_.data / "store.db"; }

  double rss_mb() const;
  double rss_peak_mb() const;
  CpuUse cpu() const;

  // SIGTERM; how long it took. Error: unavailable if it does not stop in a minute or ends with another code than 0.
  Result<std::chrono::milliseconds> stop();
  void kill();

 private:
  explicit Server(const Options& options) : options_{options} {}
  Result<void> launch();
  Result<std::string> read_ready_line() const;
  Result<void> read_credentials();
  double status_mb(std::string_view field) const;
  bool wait(std::chrono::milliseconds patience, int& status);

  Options options_;
  Target target_;
  pid_t process_ = -1;
  int output_ = -1;
  std::chrono::milliseconds start_time_{0};
};

}  // namespace tocsin::bench
