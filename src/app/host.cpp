#include "app/host.h"

#include <climits>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/metrics.h"
#include "digest/digest.h"

namespace tocsin::app {
namespace {

constexpr int reader_threads = 2;
constexpr int network_threads = 2;
// Operations say themselves how long they wait at most: a queue 20 s, an activity 60 s, a synchronous test of a state
// five minutes, a synchronous execution half a minute longer than it may run.
constexpr std::chrono::minutes poll_max{6};

void log_access(const http::Access& access) {
  std::string notes;
  for (const auto& [name, value] : access.notes) notes += fmt::format(" {}={}", name, value);
  spdlog::debug("request remote={} method={} target={} status={} in={} out={} us={}{}", access.remote, access.method,
                log_text(access.target.substr(0, access.target.find('?'))), access.status, access.request_bytes,
                access.response_bytes, access.duration.count(), notes);
}

// The URL at which others reach a listener. One that listens on every address is reached by the machine's name.
std::string reachable_url(const std::string& listen, unsigned short port) {
  std::string host = listen.substr(0, listen.rfind(':'));
  if (host == "0.0.0.0" || host == "[::]") {
    char name[HOST_NAME_MAX + 1] = {};
    host = gethostname(name, HOST_NAME_MAX) == 0 && name[0] != '\0' ? name : "localhost";
  }
  return fmt::format("http://{}:{}", host, port);
}

// Who can write into the folder can put another store and other credentials there.
Result<void> refuse_if_others_write(const std::filesystem::path& folder) {
  std::error_code error;
  const auto mode = std::filesystem::status(folder, error).permissions();
  using std::filesystem::perms;
  if (error || (mode & perms::others_write) == perms::none) return {};
  return fail(ErrorCode::denied,
              fmt::format("the data folder '{}' can be written by others: name one of its own, or run 'chmod o-w {}'",
                          folder.string(), folder.string()));
}

// Nothing where another process has the store by now. The lock's file goes last.
void remove_store(const std::filesystem::path& folder) {
  const auto path = folder / "store.db.lock";
  const int lock = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0) return;
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
    std::error_code error;
    for (const char* name : {"store.db", "store.db-wal", "store.db-shm", "credentials", "store.db.lock"})
      std::filesystem::remove(folder / name, error);
  }
  ::close(lock);
}

// "Bearer x" → "x".
std::string_view bearer(std::string_view header) {
  constexpr std::string_view scheme = "Bearer ";
  return header.starts_with(scheme) ? header.substr(scheme.size()) : std::string_view();
}

}  // namespace

Result<void> Readiness::ask() {
  constexpr std::chrono::seconds fresh_for{1}, silence_max{5};
  constexpr std::chrono::milliseconds wait_max{250};
  std::unique_lock lock{state_->mutex};
  const auto now = SteadyClock::now();
  if (!state_->under_way && now - state_->answered >= fresh_for) {
    state_->under_way = true;
    state_->asked = now;
    lock.unlock();
    store_.probe([state = state_](Result<void> done) {
      std::lock_guard answer{state->mutex};
      if (done.has_value() != state->last.has_value()) {
        if (done)
          spdlog::info("ready again");
        else
          spdlog::error("not ready reason={}", log_text(done.error().message));
      }
      state->last = std::move(done);
      state->answered = SteadyClock::now();
      state->under_way = false;
      state->changed.notify_all();
    });
    lock.lock();
    state_->changed.wait_for(lock, wait_max, [this] { return !state_->under_way; });
  }
  if (state_->under_way && SteadyClock::now() - state_->asked > silence_max)
    return fail(ErrorCode::unavailable, "the store has not answered for more than 5 seconds");
  return state_->last;
}

Result<std::unique_ptr<Host>> Host::start(const Config& config) {
  std::unique_ptr<Host> host{new Host};
  // The port first: where it is taken, nothing has been made yet.
  if (auto bound = host->bind(config); !bound) return pass_on(bound);
  auto started = host->open(config);
  if (started) started = host->serve(config);
  if (started) return host;
  host->undo_open();
  return pass_on(started);
}

// A start that failed leaves no folder behind that was not there before. Another first start may have come into the
// same folder meanwhile: files go only where this process made the store, and while it holds the store's lock.
void Host::undo_open() {
  stop();
  server_.reset();
  routes_.reset();
  front_.reset();
  pool_.reset();
  readiness_.reset();
  // The engine was open, so the store was this one's; who has it first makes the credentials.
  const bool made_store = engine_ && keys_ && keys_->was_created();
  engine_.reset();
  if (made_folders_.empty()) return;
  if (made_store) remove_store(made_folders_.back());
  std::error_code error;
  for (; !made_folders_.empty(); made_folders_.pop_back()) std::filesystem::remove(made_folders_.back(), error);
}

Host::~Host() {
  stop();
}

Result<void> Host::open(const Config& config) {
  std::error_code error;
  const auto folder = std::filesystem::absolute(config.data).lexically_normal();
  std::filesystem::path path;
  bool made = false;
  for (const auto& part : folder) {
    path /= part;
    if (part.empty()) continue;
    made = false;
    if (std::filesystem::exists(path, error)) continue;
    // Another process may be as quick.
    made = std::filesystem::create_directory(path, error);
    if (error) break;
    if (made) made_folders_.push_back(path);
  }
  if (std::error_code unknown; !error && !std::filesystem::is_directory(folder, unknown))
    error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    return fail(ErrorCode::unavailable,
                fmt::format("the data folder '{}' cannot be made: {}", config.data.string(), error.message()));
  // A folder of somebody else's making keeps its mode: the files in it are for the owner alone.
  if (made) std::filesystem::permissions(config.data, std::filesystem::perms::owner_all, error);
  if (auto safe = refuse_if_others_write(config.data); !safe) return safe;
  auto engine = Engine::open(config, clock_, random_, true);
  if (!engine) return pass_on(engine);
  engine_ = std::move(*engine);
  auto keys = access::AccessKeys::open(config.data / "credentials", engine_->identity(), random_);
  if (!keys) return pass_on(keys);
  keys_ = std::make_unique<access::AccessKeys>(std::move(*keys));
  return {};
}

Result<void> Host::bind(const Config& config) {
  http::ServerOptions options{.listen = config.listen, .threads = network_threads};
  options.client_bodies_bytes_max = static_cast<std::size_t>(config.client_bodies_mb) << 20;
  options.client_connections_max = static_cast<std::size_t>(config.client_connections);
  // Asked once it serves.
  options.refuse = [this](const http::Request& head, int status) { return front_->refuse(head, status); };
  options.on_access = log_access;
  auto server = http::Server::listen(std::move(options), [this](http::Request request, http::Responder responder) {
    (*routes_)(std::move(request), std::move(responder));
  });
  if (!server) return pass_on(server);
  server_ = std::move(*server);
  return {};
}

Result<void> Host::serve(const Config& config) {
  pool_ = std::make_unique<http::Pool>(reader_threads);
  front_ = std::make_unique<api::Front>(
      engine_->directory(), engine_->store(), [this](std::string_view id) { return keys_->find(id); },
      engine_->identity(), clock_, random_, *pool_,
      api::FrontOptions{.fallback_endpoint = "http://" + config.listen, .wait_max = poll_max});
  routes_ = std::make_unique<http::Routes>(*pool_);
  add_routes(config);
  engine_->set_url(config.public_url.empty() ? reachable_url(config.listen, server_->port()) : config.public_url,
                   !config.public_url.empty());
  engine_->start();
  auto reports = engine_->prepare(config);
  if (!reports) return pass_on(reports);
  reports_ = std::move(*reports);
  server_->start();
  return {};
}

void Host::add_routes(const Config& config) {
  readiness_ = std::make_unique<Readiness>(engine_->store());
  routes_->health([this] { return readiness_->ask(); });
  routes_->page("/feeds/blocklist.txt",
                [this, token = config.feed_token](const http::Request& request) { return feed(request, token); });
  routes_->page("/metrics", [this, token = config.feed_token](const http::Request& request) -> Result<http::Page> {
    if (auto allowed = may_read(request, token); !allowed) return pass_on(allowed);
    return http::Page{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(*engine_)};
  });
  routes_->otherwise([this](http::Request request, http::Responder responder) {
    (*front_)(std::move(request), std::move(responder));
  });
}

Result<void> Host::may_read(const http::Request& request, const Secret& token) const {
  if (server_->on_loopback() && token.empty()) return {};
  const auto given = bearer(request.headers.get("authorization"));
  if (token.empty() || !digest::equal_in_constant_time(digest::sha256(given), digest::sha256(token.reveal())))
    return fail(ErrorCode::denied,
                "this page needs 'Authorization: Bearer TOKEN' with the token of the configuration key feed.token");
  return {};
}

Result<http::Page> Host::feed(const http::Request& request, const Secret& token) {
  if (auto allowed = may_read(request, token); !allowed) return pass_on(allowed);
  auto feed = engine_->store().read([&](store::Reader& reader) { return engine_->containment().block_feed(reader); });
  if (!feed) return pass_on(feed);
  return http::Page{.body = std::move(feed->text), .etag = std::move(feed->etag)};
}

void Host::stop() {
  if (stopped_) return;
  stopped_ = true;
  if (front_) front_->stop();
  if (server_) server_->stop();
  if (pool_) pool_->stop();
  if (engine_) engine_->stop();
}

}  // namespace tocsin::app
