#include "webhook/webhook.h"

#include <mutex>
#include <thread>

#include <curl/curl.h>
#include <fmt/format.h>
#include <signal.h>

#include "core/check.h"
#include "webhook/detail/digest.h"
#include "webhook/detail/lines.h"
#include "webhook/detail/transfer.h"

namespace tocsin::webhook {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_max{1000};

// The lease of a delivery: longer than any wait in line and any request, so that it never ends under way.
std::chrono::seconds lease_of(const Options& options) {
  return std::chrono::ceil<std::chrono::seconds>(options.wait_max + options.total_max) + std::chrono::seconds{45};
}

void return_untried(store::Outbox::Report& report, std::string_view url, milliseconds pause, std::string_view why) {
  store::Outcome outcome = fail(ErrorCode::throttled, fmt::format("{} {}", printable(url), why));
  outcome.pause = outcome.rest = pause;
  outcome.tried = false;
  report(std::move(outcome));
}

}  // namespace

class Webhooks::Room {
 public:
  explicit Room(Options options) : options_{std::move(options)}, lines_{options_} {
    check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl can be initialised");
    multi_ = curl_multi_init();
    check(multi_ != nullptr, "libcurl has a multi handle");
    thread_ = std::thread{[this] { run(); }};
  }
  ~Room() {
    stop();
    curl_multi_cleanup(multi_);
    curl_global_cleanup();
  }

  const Options& options() const { return options_; }
  void on_failure(std::function<void(const Failure&)> then) { failed_ = std::move(then); }
  void send(store::Due due, store::Outbox::Report report);
  void call(HttpCall call, std::string key, HttpDone done);
  void stop();

 private:
  void take(Job job);
  void run();
  void start_ready(Instant now);
  void return_stale(Instant now);
  void collect_done();
  bool is_done();
  milliseconds time_to_sleep();

  const Options options_;
  std::function<void(const Failure&)> failed_;
  CURLM* multi_ = nullptr;
  std::thread thread_;
  std::mutex stop_mutex_;

  std::mutex mutex_;  // guards what follows
  Lines lines_;
  bool stopping_ = false;

  // The thread's own.
  std::map<CURL*, std::unique_ptr<Transfer>> transfers_;
};

void Webhooks::Room::send(store::Due due, store::Outbox::Report report) {
  auto request = read_request(due, options_.slack_pace);
  if (!request) return report(std::unexpected(std::move(request).error()));
  take({.request = std::move(*request), .key = std::move(due.key), .report = std::move(report), .entered = {}});
}

void Webhooks::Room::call(HttpCall call, std::string key, HttpDone done) {
  auto request = read_call(call);
  if (!request) return done(std::unexpected(std::move(request).error()));
  auto shared = std::make_shared<HttpDone>(std::move(done));
  take({.request = std::move(*request),
        .key = std::move(key),
        .report = [shared](store::Outcome untried) { (*shared)(std::unexpected(untried.result.error())); },
        .entered = {},
        .call = std::make_shared<HttpCall>(std::move(call)),
        .done = shared});
}

void Webhooks::Room::take(Job job) {
  milliseconds pause{0};
  std::string_view why;
  {
    std::lock_guard lock{mutex_};
    if (stopping_)
      why = "was not told: this program is stopping";
    else if (lines_.knows(job.key))
      why = "is being told this very message";
    else if (!lines_.enter(job, std::chrono::steady_clock::now(), pause))
      why = "is busy or paused";
  }
  if (!why.empty()) {
    const std::string url = job.request.url;
    return return_untried(job.report, url, pause, why);
  }
  curl_multi_wakeup(multi_);
}

void Webhooks::Room::stop() {
  std::lock_guard once{stop_mutex_};
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
}

void Webhooks::Room::run() {
  // Signals are the main thread's; and a peer that hangs up in a TLS write must not raise SIGPIPE here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!is_done()) {
    const Instant now = std::chrono::steady_clock::now();
    return_stale(now);
    start_ready(now);
    int running = 0;
    curl_multi_perform(multi_, &running);
    collect_done();
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(time_to_sleep().count()), nullptr);
  }
}

bool Webhooks::Room::is_done() {
  std::lock_guard lock{mutex_};
  return stopping_ && lines_.waiting() == 0 && transfers_.empty();
}

milliseconds Webhooks::Room::time_to_sleep() {
  std::lock_guard lock{mutex_};
  if (stopping_ && lines_.under_way() == 0) return milliseconds{0};
  const Instant now = std::chrono::steady_clock::now();
  const auto left = std::chrono::ceil<milliseconds>(lines_.next(now) - now);
  return std::clamp(left, milliseconds{0}, poll_max);
}

void Webhooks::Room::return_stale(Instant now) {
  std::vector<Returned> returned;
  {
    std::lock_guard lock{mutex_};
    returned = stopping_ ? lines_.take_all() : lines_.take_stale(now);
  }
  for (auto& [job, pause] : returned) return_untried(job.report, job.request.url, pause, "is busy or paused");
}

void Webhooks::Room::start_ready(Instant now) {
  std::vector<Job> ready;
  {
    std::lock_guard lock{mutex_};
    if (!stopping_) ready = lines_.take_ready(now);
  }
  for (auto& job : ready) {
    auto transfer = std::make_unique<Transfer>(std::move(job), options_);
    CURL* const handle = transfer->handle();
    check(curl_multi_add_handle(multi_, handle) == CURLM_OK, "a transfer can be started");
    transfers_.emplace(handle, std::move(transfer));
  }
}

void Webhooks::Room::collect_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto found = transfers_.find(message->easy_handle);
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, found->first);
    auto transfer = std::move(found->second);
    transfers_.erase(found);
    if (transfer->job().done) {
      auto answer = transfer->answer(code);
      {
        std::lock_guard lock{mutex_};
        lines_.finish(transfer->job(), true, milliseconds{0}, std::chrono::steady_clock::now());
      }
      (*transfer->job().done)(std::move(answer));
      continue;
    }
    store::Outcome outcome = transfer->outcome(code);
    const bool reachable = outcome.result || outcome.result.error().code == ErrorCode::validation;
    {
      std::lock_guard lock{mutex_};
      const Instant now = std::chrono::steady_clock::now();
      lines_.finish(transfer->job(), reachable, std::chrono::ceil<milliseconds>(outcome.pause), now);
      outcome.rest = lines_.rest(transfer->job().request.url, now);
    }
    if (failed_ && !outcome.result)
      failed_({.receiver = printable(transfer->job().request.url),
               .reference = transfer->job().request.reference,
               .key = transfer->job().key,
               .reason = outcome.result.error().message,
               .is_final = outcome.result.error().code == ErrorCode::validation});
    transfer->job().report(std::move(outcome));
  }
}

Webhooks::Webhooks(Options options) : digest_{options.digest}, room_{std::make_unique<Room>(std::move(options))} {}
Webhooks::~Webhooks() = default;

void Webhooks::on_failure(std::function<void(const Failure&)> then) {
  room_->on_failure(std::move(then));
}

void Webhooks::attach(store::Outbox& outbox) {
  outbox.handle_outside(
      "webhook",
      [this](store::Due due, store::Outbox::Report report) { room_->send(std::move(due), std::move(report)); },
      lease_of(room_->options()), record);
  outbox.line_up("webhook", {.in_hand_max = room_->options().in_hand_max,
                             .bounds = digest_,
                             .fold = fold_summaries,
                             .compose = compose_digest});
}

void Webhooks::set_digest(store::DigestBounds bounds) {
  digest_ = bounds;
}

void Webhooks::send(store::Due due, store::Outbox::Report report) {
  room_->send(std::move(due), std::move(report));
}

void Webhooks::call(HttpCall call, std::string key, HttpDone done) {
  room_->call(std::move(call), std::move(key), std::move(done));
}

void Webhooks::stop() {
  room_->stop();
}

}  // namespace tocsin::webhook
