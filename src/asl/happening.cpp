// What happened to an execution as text, so that it can be stored and happen again.
#include <algorithm>
#include <array>
#include <utility>

#include "asl/asl.h"
#include "asl/detail/exact_json.h"
#include "asl/detail/fields.h"

namespace tocsin::asl {
namespace {

// In the order of Happening's alternatives.
constexpr std::array<std::string_view, 10> names{"started", "submitted", "succeeded", "failed",  "heartbeat",
                                                 "timer",   "stop",      "timed_out", "overdue", "map_run"};
static_assert(names.size() == std::variant_size_v<Happening>);

}  // namespace

template <class F>
static void describe(F& f, TaskStarted& v) {
  f("task", v.task);
  f("worker", v.worker);
}
template <class F>
static void describe(F& f, TaskSubmitted& v) {
  f("task", v.task);
  f("output", v.output);
}
template <class F>
static void describe(F& f, TaskSucceeded& v) {
  f("task", v.task);
  f("output", v.output);
}
template <class F>
static void describe(F& f, TaskFailed& v) {
  f("task", v.task);
  f("error", v.error);
  f("cause", v.cause);
}
template <class F>
static void describe(F& f, TaskHeartbeat& v) {
  f("task", v.task);
}
template <class F>
static void describe(F& f, TimerFired& v) {
  f("timer", v.timer);
}
template <class F>
static void describe(F& f, StopRequested& v) {
  f("error", v.error);
  f("cause", v.cause);
}
template <class F>
static void describe(F&, ExecutionTimedOut&) {}
template <class F>
static void describe(F& f, TaskOverdue& v) {
  f("task", v.task);
}
template <class F>
static void describe(F& f, MapRunChanged& v) {
  f("arn", v.arn);
  f("concurrency", v.concurrency_max);
  f("tolerated", v.failures_tolerated);
  f("tolerated_percentage", v.failure_percentage_tolerated);
}

namespace {

using ReadAlternative = std::optional<Happening> (*)(json::value&);

template <std::size_t I>
std::optional<Happening> read_alternative(json::value& from) {
  std::variant_alternative_t<I, Happening> what;
  bool failed = false;
  FieldReader(from.get_object(), failed).read(from, what);
  if (failed) return std::nullopt;
  return Happening{std::move(what)};
}

template <std::size_t... I>
constexpr std::array<ReadAlternative, sizeof...(I)> make_readers(std::index_sequence<I...>) {
  return {read_alternative<I>...};
}

// FNV-1a.
class Digest {
 public:
  void add(std::int64_t number) {
    for (int shift = 0; shift < 64; shift += 8) add_byte(static_cast<std::uint64_t>(number) >> shift & 0xff);
  }
  void add(std::string_view text) {
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
    add_byte(0xff);
  }
  std::int64_t value() const { return static_cast<std::int64_t>(value_); }

 private:
  void add_byte(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001b3u; }
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace

std::string to_json(const Happening& happening) {
  std::string out = "{";
  FieldWriter writer(out);
  std::visit([&](const auto& what) { writer(names[happening.index()], what); }, happening);
  out += '}';
  return out;
}

Result<Happening> happening_from_json(std::string_view text) {
  static constexpr auto readers = make_readers(std::make_index_sequence<names.size()>{});
  auto value = parse_exact_json(text);
  if (!value) return pass_on(value);
  if (value->is_object() && value->get_object().size() == 1) {
    auto& member = *value->get_object().begin();
    const auto index =
        static_cast<std::size_t>(std::ranges::find(names, std::string_view(member.key())) - names.begin());
    if (index < names.size() && member.value().is_object())
      if (auto happening = readers[index](member.value())) return std::move(*happening);
  }
  return fail(ErrorCode::corrupt, "a stored happening is not what was written");
}

bool concerns(const Execution& state, const Happening& happening) {
  if (state.finished()) return false;
  const auto waits_for = [&](auto number) { return state.waiting.contains(static_cast<std::int64_t>(number)); };
  if (const auto* fired = std::get_if<TimerFired>(&happening))
    return waits_for(fired->timer) ||
           (fired->timer != TimerId{} && (fired->timer == state.deadline_timer || fired->timer == state.pause_timer));
  if (const auto* heartbeat = std::get_if<TaskHeartbeat>(&happening)) {
    const auto waiting = state.waiting.find(static_cast<std::int64_t>(heartbeat->task));
    return waiting != state.waiting.end() && state.frames.at(waiting->second).heartbeat_timer != TimerId{};
  }
  return std::visit(
      [&](const auto& what) {
        if constexpr (requires { what.task; })
          return waits_for(what.task);
        else
          return true;
      },
      happening);
}

std::int64_t fingerprint(const Step& step, const Execution& state) {
  Digest digest;
  for (const auto number : {static_cast<std::int64_t>(state.status), state.last_event, state.last_number,
                            state.last_child, std::ssize(state.frames), std::ssize(step.commands)})
    digest.add(number);
  for (const auto& event : step.events) {
    digest.add(event.child);
    digest.add(event.id);
    digest.add(event.type);
  }
  return digest.value();
}

}  // namespace tocsin::asl
