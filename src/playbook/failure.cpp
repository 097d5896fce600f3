#include "playbook/failure.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "core/json.h"

namespace tocsin::playbook {
namespace {

using asl::EventId;
using asl::HistoryEvent;

bool holds(const asl::Machine& machine, std::string_view name) {
  return std::ranges::any_of(machine.states, [&](const asl::State& state) {
    if (state.name == name) return true;
    if (const auto* parallel = std::get_if<asl::ParallelFields>(&state.fields))
      return std::ranges::any_of(parallel->branches, [&](const asl::Machine& branch) { return holds(branch, name); });
    const auto* map = std::get_if<asl::MapFields>(&state.fields);
    return map && holds(*map->processor, name);
  });
}

// "[branch 1]": which branch of the Parallel holds the state; empty where that cannot be told.
std::string branch_of(const asl::DefinitionPtr& definition, std::string_view parallel, std::string_view inner) {
  const auto* state = definition ? definition->find(parallel) : nullptr;
  const auto* fields = state ? std::get_if<asl::ParallelFields>(&state->fields) : nullptr;
  if (!fields || inner.empty()) return {};
  for (std::size_t i = 0; i < fields->branches.size(); ++i)
    if (holds(fields->branches[i], inner)) return fmt::format(" [branch {}]", i);
  return {};
}

// From the end of the execution back to its beginning, along previousEventId: the states that were entered and not
// left.
class WayBack {
 public:
  WayBack(const asl::DefinitionPtr& definition, const std::vector<HistoryEvent>& history) : definition_(definition) {
    for (const auto& event : history) by_id_.emplace(event.id, &event);
  }

  std::optional<FailurePlace> from(const HistoryEvent& end) {
    const HistoryEvent* event = &end;
    // A history is a tree with ids that grow: it has no circles, unless somebody else wrote it.
    for (std::size_t steps = 0; event && steps <= by_id_.size(); ++steps) {
      look_at(*event);
      const auto previous = by_id_.find(event->previous);
      event = previous == by_id_.end() || event->previous >= event->id ? nullptr : previous->second;
    }
    if (place_.states.empty()) return std::nullopt;
    std::ranges::reverse(place_.states);
    if (place_.error.empty() && place_.cause.empty()) {
      place_.error = string_at(end.details, "error");
      place_.cause = string_at(end.details, "cause");
    }
    return std::move(place_);
  }

 private:
  void look_at(const HistoryEvent& event) {
    const std::string_view type = event.type;
    if (type.ends_with("StateExited")) {
      ++left_;
    } else if (type.ends_with("StateEntered")) {
      if (left_ > 0)
        --left_;
      else
        entered(event);
    } else if (left_ > 0) {
      return;
    } else if (type == "MapIterationStarted") {
      item_ = fmt::format(" [{}]", integer_at(event.details, "index"));
    } else if (type == "MapRunStarted") {
      place_.map_run = string_at(event.details, "mapRunArn");
    } else if (place_.error.empty() && place_.states.empty() && !type.starts_with("Execution")) {
      place_.error = string_at(event.details, "error");
      place_.cause = string_at(event.details, "cause");
    }
  }

  void entered(const HistoryEvent& event) {
    const std::string name{string_at(event.details, "name")};
    auto shown = name;
    if (event.type == "MapStateEntered")
      shown += item_;
    else if (event.type == "ParallelStateEntered")
      shown += branch_of(definition_, name, inner_);
    item_.clear();
    inner_ = name;
    place_.states.push_back(std::move(shown));
  }

  const asl::DefinitionPtr& definition_;
  std::unordered_map<EventId, const HistoryEvent*> by_id_;
  FailurePlace place_;
  std::string item_, inner_;
  int left_ = 0;  // states that were left already, seen from here
};

}  // namespace

std::string FailurePlace::path() const {
  return fmt::format("{}", fmt::join(states, " › "));
}

std::optional<FailurePlace> find_failure(const asl::DefinitionPtr& definition,
                                         const std::vector<asl::HistoryEvent>& history) {
  if (history.empty()) return std::nullopt;
  const auto& end = history.back();
  if (end.type != "ExecutionFailed" && end.type != "ExecutionTimedOut") return std::nullopt;
  return WayBack(definition, history).from(end);
}

}  // namespace tocsin::playbook
