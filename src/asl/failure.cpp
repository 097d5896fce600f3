#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "asl/detail/run.h"

namespace tocsin::asl {
namespace {

constexpr double delay_seconds_max = 99'999'999;

// Whether a Retrier or Catcher that names `wanted` takes `failure`. States.Runtime is taken by nothing, not even by its
// own name (recorded); States.TaskFailed takes every other error but a time-out; a missed heartbeat is a time-out by
// two names.
bool takes(std::string_view wanted, std::string_view error) {
  if (error == "States.Runtime") return false;
  if (wanted == "States.ALL") return true;
  const bool timeout = error == "States.Timeout" || error == "States.HeartbeatTimeout";
  if (wanted == "States.TaskFailed") return !timeout;
  return wanted == error || (wanted == "States.Timeout" && timeout);
}

bool takes(const std::vector<std::string>& wanted, std::string_view error) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const auto& name) { return takes(name, error); });
}

// The name that people see.
std::string shown_name(const std::string& error) {
  return error == "States.HeartbeatTimeout" ? "States.Timeout" : error;
}

// Before attempt `attempt` (1 = first retry): interval × rate^(attempt − 1), at most the retrier's limit.
// Source: Amazon States Language, "Retry".
Microseconds retry_delay(const Retrier& retrier, std::int64_t attempt, Random& random) {
  double seconds = static_cast<double>(retrier.interval_s) *
                   std::pow(retrier.backoff_rate, static_cast<double>(std::min<std::int64_t>(attempt - 1, 10'000)));
  if (retrier.delay_max_s) seconds = std::min(seconds, static_cast<double>(*retrier.delay_max_s));
  seconds = std::min(seconds, delay_seconds_max);
  if (retrier.full_jitter) seconds *= random.unit();
  return Microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

}  // namespace

void Run::evaluation_failed(Frame& frame, const State& state, Failure failure) {
  failure.cause = where(frame) + failure.cause;
  failed(frame, state, std::move(failure));
}

void Run::failed(Frame& frame, const State& state, Failure failure) {
  if (frame.parent == FrameId{}) last_failure_ = Failure{shown_name(failure.error), failure.cause};
  if (retry(frame, state, failure)) return;
  const bool children_failed = frame.fork && !frame.fork->completed;
  if (state.type == StateType::parallel && children_failed) emit_plain(frame, "ParallelStateFailed");
  if (state.type == StateType::map && children_failed) emit_plain(frame, "MapStateFailed");
  if (catch_failure(frame, state, failure)) return;
  failed_for_good(frame, state, std::move(failure));
}

bool Run::retry(Frame& frame, const State& state, const Failure& failure) {
  for (std::size_t i = 0; i < state.retriers.size(); ++i) {
    const auto& retrier = state.retriers[i];
    if (!takes(retrier.errors, failure.error)) continue;
    matched_retrier_ = i;
    frame.retries.resize(state.retriers.size());
    if (frame.retries[i] >= retrier.attempts_max) return false;
    ++frame.retries[i];
    drop_children(frame);
    frame.phase = Phase::retrying;
    retry_delay_ = retry_delay(retrier, frame.retries[i], random_);
    frame.timer = set_timer(frame, now_ + *retry_delay_);
    return true;
  }
  return false;
}

bool Run::catch_failure(Frame& frame, const State& state, const Failure& failure) {
  for (const auto& catcher : state.catchers) {
    if (!takes(catcher.errors, failure.error)) continue;
    matched_catcher_ = static_cast<std::size_t>(&catcher - state.catchers.data());
    json::value error_output = json::object{{"Error", shown_name(failure.error)}, {"Cause", failure.cause}};
    auto output = place_result(frame, catcher.result_path, error_output);
    if (!output) {
      output.error().cause = where(frame) + output.error().cause;
      failed_for_good(frame, state, std::move(output.error()));
      return true;
    }
    auto values = assign(frame, catcher.assign, error_output);
    if (!values) {
      values.error().cause = where(frame) + values.error().cause;
      failed_for_good(frame, state, std::move(values.error()));
      return true;
    }
    const auto text = to_text(*output);
    if (is_too_large(*output)) {
      failed_for_good(frame, state, {"States.DataLimitExceeded", too_long_cause(state.name)});
      return true;
    }
    emit_exited(frame, state, text, *values);
    set_variables(frame, std::move(*values));
    drop_children(frame);
    enter(frame, catcher.next, std::move(*output));
    return true;
  }
  return false;
}

void Run::failed_for_good(Frame& frame, const State&, Failure failure) {
  failure.error = shown_name(failure.error);
  frame.phase = Phase::stopped;
  // An output that is too long can only become shorter where the children run again; the service does so as well.
  if (frame.fork && frame.fork->completed && failure.error == "States.DataLimitExceeded") drop_children(frame);
  if (frame.parent != FrameId{}) return child_failed(frame, std::move(failure));
  fail_execution(std::move(failure));
}

}  // namespace tocsin::asl
