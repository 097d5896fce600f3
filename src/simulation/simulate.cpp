#include "simulation/simulate.h"

#include <algorithm>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "asl/definition.h"

namespace tocsin::simulation {

using namespace asl;

namespace {

ContextInfo with_names(ContextInfo info) {
  const auto fill = [](std::string& field, std::string_view value) {
    if (field.empty()) field = value;
  };
  fill(info.execution_name, "simulation");
  fill(info.state_machine_name, "machine");
  fill(info.execution_arn, "arn:aws:states:us-east-1:000000000000:execution:machine:simulation");
  fill(info.state_machine_arn, "arn:aws:states:us-east-1:000000000000:stateMachine:machine");
  fill(info.role_arn, "arn:aws:iam::000000000000:role/simulation");
  return info;
}

class Simulator {
 public:
  Simulator(const Definition& definition, Mocks& mocks, const SimulationOptions& options)
      : definition_(definition), mocks_(mocks), options_(options), random_(options.seed), now_(options.start) {
    for (const auto& [name, state] : definition.states)
      any_order_ = any_order_ || state->type == StateType::parallel || state->type == StateType::map;
  }

  Simulation run(json::value input) {
    take(start(definition_, execution_, std::move(input), with_names(options_.context), now_, random_));
    for (std::size_t steps = 0; !execution_.finished(); ++steps) {
      if (steps >= options_.steps_max || result_.history.size() >= options_.events_max) {
        note("the execution takes too many steps");
        break;
      }
      if (options_.store_between_steps && !store()) break;
      if (options_.send_late_answers && !ignores_late_answers()) break;
      if (unanswered_ || !step()) break;
    }
    result_.status = execution_.status;
    result_.output = execution_.output;
    result_.error = execution_.error;
    result_.cause = execution_.cause;
    result_.leftovers = mocks_.leftovers();
    result_.elapsed = now_ - options_.start;
    result_.execution = std::move(execution_);
    return std::move(result_);
  }

 private:
  void note(std::string problem) {
    if (result_.problem.empty()) result_.problem = std::move(problem);
  }

  bool store() {
    auto loaded = Execution::from_json(execution_.to_json());
    if (!loaded) {
      note("the stored execution cannot be read: " + loaded.error().message);
      return false;
    }
    execution_ = std::move(*loaded);
    return true;
  }

  bool ignores_late_answers() {
    const auto before = execution_.to_json();
    bool empty = true;
    const auto late = [&](const Happening& happening) {
      const auto step = advance(definition_, execution_, happening, now_, random_);
      empty = empty && step.events.empty() && step.commands.empty();
    };
    for (const auto number :
         {std::int64_t{0}, execution_.last_number + 1, over_.empty() ? 0 : over_[over_.size() / 2]}) {
      late(TaskSucceeded{TaskId{number}, "late"});
      late(TaskFailed{TaskId{number}, "Late", ""});
      late(TaskHeartbeat{TaskId{number}});
      late(TaskStarted{TaskId{number}});
      late(TaskSubmitted{TaskId{number}, "late"});
      late(TimerFired{TimerId{number}});
    }
    if (empty && before == execution_.to_json()) return true;
    note("a late answer changed the execution");
    return false;
  }

  // Answers first, they take no time; then the timer that is due next.
  bool step() {
    if (!answers_.empty()) {
      const Happening happening = std::move(answers_.front());
      answers_.pop_front();
      if (const auto* answer = std::get_if<TaskSucceeded>(&happening))
        over_.push_back(static_cast<std::int64_t>(answer->task));
      take(advance(definition_, execution_, happening, now_, random_));
      return true;
    }
    if (timers_.empty()) {
      note("the execution waits for an answer that never comes");
      return false;
    }
    const auto [due, timer] = *timers_.begin();
    timers_.erase(timers_.begin());
    now_ = std::max(now_, due);
    over_.push_back(static_cast<std::int64_t>(timer));
    take(advance(definition_, execution_, TimerFired{timer}, now_, random_));
    return true;
  }

  void take(Step step) {
    for (auto& event : step.events) result_.history.push_back(std::move(event));
    for (auto& command : step.commands) {
      if (auto* task = std::get_if<ScheduleTask>(&command))
        answer(*task);
      else if (const auto* timer = std::get_if<SetTimer>(&command))
        set(*timer);
      else if (const auto* cancelled = std::get_if<CancelTimer>(&command))
        std::erase_if(timers_, [&](const auto& entry) { return entry.second == cancelled->timer; });
    }
  }

  void set(const SetTimer& command) {
    timers_.insert({command.due, command.timer});
    const auto waiting = execution_.waiting.find(static_cast<std::int64_t>(command.timer));
    if (waiting == execution_.waiting.end()) return;
    if (execution_.frames.at(waiting->second).phase == Phase::retrying)
      result_.retry_delays.push_back(command.due - now_);
  }

  void answer(const ScheduleTask& task) {
    std::string problem;
    const auto* mocked = mocks_.take(task.resource, task.input, any_order_, problem);
    if (!problem.empty()) note(fmt::format("state '{}': {}", task.state, problem));
    const auto& state = *definition_.find(task.state);
    if (state.as<TaskFields>().kind == asl::ResourceKind::activity)
      answers_.push_back(TaskStarted{task.task, "simulation"});
    if (task.integration != Integration::request_response) answers_.push_back(TaskSubmitted{task.task, json::object()});
    if (!mocked) {
      unanswered_ = true;
      return;
    }
    if (mocked->never) return;
    if (mocked->result)
      answers_.push_back(TaskSucceeded{task.task, *mocked->result});
    else
      answers_.push_back(TaskFailed{task.task, mocked->error, mocked->cause});
  }

  const Definition& definition_;
  Mocks& mocks_;
  const SimulationOptions& options_;
  SeededRandom random_;
  Time now_;
  Execution execution_;
  std::deque<Happening> answers_;
  std::set<std::pair<Time, TimerId>> timers_;
  std::vector<std::int64_t> over_;  // tasks and timers that the execution is done with
  Simulation result_;
  bool any_order_ = false;
  bool unanswered_ = false;  // a task has no mock: nothing can be said of what follows
};

}  // namespace

Simulation simulate(const Definition& definition, json::value input, Mocks mocks, const SimulationOptions& options) {
  return Simulator(definition, mocks, options).run(std::move(input));
}

}  // namespace tocsin::simulation
