// The running server: the engine behind its HTTP front, with health, feed, metrics and logs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "access/access.h"
#include "api/front.h"
#include "app/engine.h"
#include "http/routes.h"
#include "http/server.h"

namespace tocsin::app {

// Whether the store takes writes, and the disk has room for more: asked at most once a second, by one at a time, so
// that probes (which need no signature) cost no more than that, whoever sends them. For any thread.
class Readiness {
 public:
  explicit Readiness(store::Store& store) : store_{store} {}
  // Waits a quarter of a second at most; then the last answer counts. Error: unavailable or what the store said.
  Result<void> ask();

 private:
  using SteadyClock = std::chrono::steady_clock;
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool under_way = false;
    SteadyClock::time_point asked{}, answered{};
    Result<void> last{};
  };
  store::Store& store_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class Host {
 public:
  // Opens the data folder, loads the stacks, listens, starts to work. Error: in words for the person who started it.
  static Result<std::unique_ptr<Host>> start(const Config& config);
  ~Host();  // stop()

  // "http://127.0.0.1:4747"
  std::string url() const { return "http://" + server_->address(); }
  Engine& engine() { return *engine_; }
  const std::vector<stacks::Report>& stack_reports() const { return reports_; }
  bool made_credentials() const { return keys_->was_created(); }

  // Takes no new requests, finishes those under way, drains what is due, closes the store.
  void stop();

 private:
  Host() = default;
  Result<void> bind(const Config& config);
  Result<void> open(const Config& config);
  Result<void> serve(const Config& config);
  void undo_open();
  void add_routes(const Config& config);
  // Feed and metrics are open on a loopback listener only, else behind the feed's token.
  Result<void> may_read(const http::Request& request, const Secret& token) const;
  Result<http::Page> feed(const http::Request& request, const Secret& token);

  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<access::AccessKeys> keys_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Readiness> readiness_;
  std::vector<stacks::Report> reports_;
  std::unique_ptr<http::Pool> pool_;
  std::unique_ptr<api::Front> front_;
  std::unique_ptr<http::Routes> routes_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::filesystem::path> made_folders_;  // by open(), outermost first
  bool stopped_ = false;
};

}  // namespace tocsin::app
