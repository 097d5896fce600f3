#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "asl/detail/run.h"
#include "asl/detail/text.h"

namespace tocsin::asl {
namespace {

const json::object not_truncated{{"truncated", false}};

// Where a Map setting is found at a path: the number, from a number or a string of digits.
Outcome<double> number_at(const PathExpression& path, std::string_view field, bool whole, const json::value& input,
                          Scope& scope) {
  auto value = evaluate(path, input, scope);
  if (!value) return std::unexpected(std::move(value.error()));
  const auto text = value->is_string() ? std::string(std::string_view(value->get_string())) : to_text(*value);
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fits = !text.empty() && code == std::errc{} && end == text.data() + text.size() && std::isfinite(number) &&
                    std::fabs(number) <= 2'147'483'647 && (!whole || std::floor(number) == number);
  if (fits) return number;
  return fail_state("States.Runtime", fmt::format("The {}Path field refers to value \"{}\" which is not a valid {}: {}",
                                                  field, text, whole ? "integer" : "float", path.text));
}

}  // namespace

bool is_tolerated(const Fork& fork) {
  const bool by_count = fork.failures_tolerated.has_value();
  const bool by_percentage = fork.failure_percentage_tolerated.has_value();
  const auto failed = static_cast<double>(fork.failed_items);
  if (by_count && failed > static_cast<double>(*fork.failures_tolerated)) return false;
  if (by_percentage && failed * 100 > *fork.failure_percentage_tolerated * static_cast<double>(fork.items.size()))
    return false;
  return by_count || by_percentage || failed == 0;
}

void Run::run_map(Frame& frame, const State& state) {
  const auto& map = state.as<MapFields>();
  auto fork = std::make_unique<Fork>();
  auto items = map_items(frame, state);
  if (!items) return evaluation_failed(frame, state, std::move(items.error()));
  fork->items = std::move(items->get_array());
  if (auto read = read_concurrency(frame, state, *fork); !read)
    return evaluation_failed(frame, state, std::move(read.error()));
  json::object details{{"length", static_cast<std::int64_t>(fork->items.size())}};
  emit(frame, "MapStateStarted", "mapStateStartedEventDetails", std::move(details));
  if (map.has_item_reader) return failed(frame, state, {"States.ItemReaderFailed", "ItemReader is not supported."});
  if (map.has_result_writer)
    return failed(frame, state, {"States.ResultWriterFailed", "ResultWriter is not supported."});
  if (map.is_distributed)
    if (auto read = read_tolerance(frame, state, *fork); !read)
      return evaluation_failed(frame, state, std::move(read.error()));
  frame.phase = Phase::forked;
  frame.fork = std::move(fork);
  if (map.is_distributed) start_map_run(frame, state);
  feed(frame, state);
}

Outcome<json::value> Run::map_items(Frame& frame, const State& state) {
  const auto& map = state.as<MapFields>();
  auto input = effective_input(frame, state);
  if (!input) return input;
  // With a reader the items come from outside, which fails later and says so.
  if (map.has_item_reader) return json::value(json::array());
  FrameScope scope(*this, frame);
  auto items = map.items_path ? evaluate(*map.items_path, *input, scope) : std::move(input);
  if (!items || items->is_array()) return items;
  // The service shows the path without the first of "$$".
  return fail_state("States.Runtime", fmt::format("Reference path \"{}\" must point to array.",
                                                  map.items_path ? map.items_path->path.text() : "$"));
}

Outcome<void> Run::read_concurrency(const Frame& frame, const State& state, Fork& fork) {
  const auto& map = state.as<MapFields>();
  double concurrency = map.concurrency_max.value.value_or(0);
  if (map.concurrency_max.path) {
    auto input = effective_input(frame, state);
    if (!input) return std::unexpected(std::move(input.error()));
    FrameScope scope(*this, frame);
    auto number = number_at(*map.concurrency_max.path, "MaxConcurrency", true, *input, scope);
    if (!number) return std::unexpected(std::move(number.error()));
    if (*number < 0) return fail_state("States.Runtime", "MaxConcurrency cannot be negative.");
    concurrency = *number;
  }
  const auto bound = map.is_distributed ? distributed_concurrency_max : inline_concurrency_max;
  fork.concurrency_max = concurrency == 0 ? bound : std::min(bound, static_cast<std::size_t>(concurrency));
  return {};
}

Outcome<void> Run::read_tolerance(const Frame& frame, const State& state, Fork& fork) {
  const auto& map = state.as<MapFields>();
  auto input = effective_input(frame, state);
  if (!input) return std::unexpected(std::move(input.error()));
  FrameScope scope(*this, frame);
  std::optional<double> count = map.failures_tolerated.value;
  std::optional<double> percentage = map.failure_percentage_tolerated.value;
  if (map.failures_tolerated.path) {
    auto number = number_at(*map.failures_tolerated.path, "ToleratedFailureCount", true, *input, scope);
    if (!number) return std::unexpected(std::move(number.error()));
    if (*number < 0) return fail_state("States.Runtime", "ToleratedFailureCount cannot be negative.");
    count = *number;
  }
  if (map.failure_percentage_tolerated.path) {
    auto number = number_at(*map.failure_percentage_tolerated.path, "ToleratedFailurePercentage", false, *input, scope);
    if (!number) return std::unexpected(std::move(number.error()));
    if (*number < 0 || *number > 100)
      return fail_state("States.Runtime", "ToleratedFailurePercentage must be between 0 and 100.");
    percentage = *number;
  }
  if (count) fork.failures_tolerated = static_cast<std::int64_t>(*count);
  fork.failure_percentage_tolerated = percentage;
  return {};
}

void Run::start_map_run(Frame& frame, const State& state) {
  const auto& map = state.as<MapFields>();
  Fork& fork = *frame.fork;
  // arn:aws:states:<region>:<account>:mapRun:<machine>/<label>:<uuid>
  std::string arn = execution_.context.state_machine_arn;
  if (const auto at = arn.find(":stateMachine:"); at != arn.npos) arn.replace(at, 14, ":mapRun:");
  fork.map_run_arn = fmt::format("{}/{}:{}", arn, map.label.empty() ? state.name : map.label, make_uuid(random_));
  MapRun run;
  run.arn = fork.map_run_arn;
  run.state = state.name;
  run.started = now_;
  run.concurrency_max = static_cast<std::int64_t>(map.concurrency_max.value.value_or(0));
  run.failures_tolerated = fork.failures_tolerated.value_or(0);
  run.failure_percentage_tolerated = fork.failure_percentage_tolerated.value_or(0);
  run.items.total = run.items.pending = static_cast<std::int64_t>(fork.items.size());
  execution_.map_runs.push_back(std::move(run));
  emit(frame, "MapRunStarted", "mapRunStartedEventDetails", {{"mapRunArn", fork.map_run_arn}});
}

void Run::feed(Frame& frame, const State& state) {
  Fork& fork = *frame.fork;
  while (state.type == StateType::map && fork.running < fork.concurrency_max && !history_full_) {
    if (fork.redrives.empty() && fork.next >= fork.items.size()) break;
    if (!fork.map_run_arn.empty() && children_++ == children_max) return come_again();
    if (fork.redrives.empty() ? !start_item(frame, state) : !redrive_child(frame, state)) return;
  }
  if (fork.running == 0 && !history_full_) end_fork(frame, state);
}

// False where the item's input cannot be made; the state has failed then.
bool Run::start_item(Frame& frame, const State& state) {
  const auto& map = state.as<MapFields>();
  Fork& fork = *frame.fork;
  std::size_t taken = 0;
  auto input = item_input(frame, state, fork.next, 0, taken);
  if (!input) {
    input.error().cause = where(frame) + input.error().cause;
    fork_failed(frame, state, std::move(input.error()));
    return false;
  }
  Frame& child = make_frame(frame.id, map.batcher ? fork.children : fork.next);
  child.item_count = taken;
  if (map.batcher) child.first_item = fork.next;
  fork.next += taken;
  ++fork.children;
  ++fork.running;
  fork.results.resize(std::max(fork.results.size(), child.index + 1));
  if (map.is_distributed) {
    start_child_execution(child, *input);
    auto& run = *map_run(fork);
    const auto items = static_cast<std::int64_t>(taken);
    run.items.pending -= items;
    run.items.running += items;
    ++run.executions.total;
    ++run.executions.running;
  } else {
    child.child = frame.child;
    child.last_event = frame.last_event;
    json::object details{{"name", state.name}, {"index", static_cast<std::int64_t>(child.index)}};
    emit(child, "MapIterationStarted", "mapIterationStartedEventDetails", std::move(details));
  }
  enter(child, map.processor->start_at, std::move(*input));
  return true;
}

void Run::start_child_execution(Frame& child, const json::value& input) {
  child.child = ++execution_.last_child;
  child.child_input = input;
  json::object details;
  if (recording())
    details = {{"input", to_text(input)}, {"inputDetails", not_truncated}, {"roleArn", execution_.context.role_arn}};
  emit(child, "ExecutionStarted", "executionStartedEventDetails", std::move(details));
  if (step_.events.empty() || step_.events.back().child != child.child) return;
  const auto* run = map_run(*execution_.frames.at(child.parent).fork);
  step_.events.back().map_run = run - execution_.map_runs.data() + 1;
  step_.events.back().items = static_cast<std::int64_t>(child.item_count);
}

// A higher limit lets waiting items start at once; a lower one holds until enough have ended. Tolerance is looked at
// when the next child fails.
void Run::map_run_changed(const MapRunChanged& happened) {
  for (auto& [id, frame] : execution_.frames) {
    if (frame.phase != Phase::forked || frame.fork->map_run_arn.empty() || frame.fork->map_run_arn != happened.arn)
      continue;
    Fork& fork = *frame.fork;
    auto& run = *map_run(fork);
    if (happened.concurrency_max) {
      const auto wanted = static_cast<std::size_t>(*happened.concurrency_max);
      fork.concurrency_max = wanted == 0 ? distributed_concurrency_max : std::min(wanted, distributed_concurrency_max);
      run.concurrency_max = *happened.concurrency_max;
    }
    if (happened.failures_tolerated) run.failures_tolerated = *happened.failures_tolerated;
    if (happened.failures_tolerated) fork.failures_tolerated = happened.failures_tolerated;
    if (happened.failure_percentage_tolerated)
      run.failure_percentage_tolerated = *happened.failure_percentage_tolerated;
    if (happened.failure_percentage_tolerated)
      fork.failure_percentage_tolerated = happened.failure_percentage_tolerated;
    return feed(frame, state_of(frame));
  }
}

// The newest are the most likely to run.
MapRun* Run::map_run(const Fork& fork) {
  for (auto run = execution_.map_runs.rbegin(); run != execution_.map_runs.rend(); ++run)
    if (run->arn == fork.map_run_arn) return &*run;
  return nullptr;
}

Outcome<json::value> Run::selected_item(Frame& frame, const State& state, std::size_t index) {
  const auto& map = state.as<MapFields>();
  const auto& item = frame.fork->items[index];
  if (!map.item_selector) return item;
  json::value own;
  const auto input = view_input(frame, state, own);
  if (!input) return std::unexpected(input.error());
  FrameScope scope(*this, frame, index, item);
  return evaluate(*map.item_selector, **input, scope);
}

// The next child's input: one item, or a batch {"BatchInput": …, "Items": […]} as full as its limits allow.
Outcome<json::value> Run::item_input(Frame& frame, const State& state, std::size_t first, std::size_t wanted,
                                     std::size_t& taken) {
  taken = 1;
  auto made =
      state.as<MapFields>().batcher ? batch(frame, state, first, wanted, taken) : selected_item(frame, state, first);
  if (made && is_too_large(*made)) return fail_state("States.DataLimitExceeded", too_long_cause(state.name));
  return made;
}

Outcome<json::value> Run::batch(Frame& frame, const State& state, std::size_t first, std::size_t wanted,
                                std::size_t& taken) {
  const auto& map = state.as<MapFields>();
  const Fork& fork = *frame.fork;
  json::value own;
  const auto input = view_input(frame, state, own);
  if (!input) return std::unexpected(input.error());
  FrameScope scope(*this, frame);
  const auto limit = [&](const NumberField& field, std::string_view name, double otherwise) -> Outcome<std::size_t> {
    if (!field.path) return static_cast<std::size_t>(field.value.value_or(otherwise));
    auto number = number_at(*field.path, name, true, **input, scope);
    if (!number) return std::unexpected(std::move(number.error()));
    if (*number < 1) return fail_state("States.Runtime", fmt::format("{} must be positive.", name));
    return static_cast<std::size_t>(*number);
  };
  const auto items_max = limit(map.batcher->items_max, "MaxItemsPerBatch", 1e9);
  if (!items_max) return std::unexpected(items_max.error());
  const auto bytes_max = limit(map.batcher->bytes_max, "MaxInputBytesPerBatch", payload_bytes_max);
  if (!bytes_max) return std::unexpected(bytes_max.error());
  json::object input_of_batch;
  if (map.batcher->batch_input) {
    auto extra = evaluate(*map.batcher->batch_input, **input, scope);
    if (!extra) return extra;
    input_of_batch["BatchInput"] = std::move(*extra);
  }
  std::size_t bytes = to_text(input_of_batch).size() + 12;
  json::array items;
  for (std::size_t i = first; i < fork.items.size() && items.size() < (wanted == 0 ? *items_max : wanted); ++i) {
    auto item = selected_item(frame, state, i);
    if (!item) return item;
    bytes += to_text(*item).size() + 1;
    if (wanted == 0 && bytes > std::min(*bytes_max, payload_bytes_max) && !items.empty()) break;
    items.push_back(std::move(*item));
  }
  taken = items.size();
  input_of_batch["Items"] = std::move(items);
  return json::value(std::move(input_of_batch));
}

}  // namespace tocsin::asl
