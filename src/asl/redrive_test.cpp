// Redrives: what succeeded is not done again, what did not goes on where it stopped, and the run ends as if nothing had
// failed.
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "asl/asl.h"

namespace tocsin::asl {
namespace {

constexpr std::string_view resource = "arn:aws:lambda:us-east-1:000000000000:function:f";

// An execution whose tasks are answered by the test. It is stored and read again after each step, if the test wants it.
struct Playbook {
  explicit Playbook(std::string_view text, json::value input = json::object()) {
    auto compiled = compile(text, Kind::standard);
    if (!compiled) ADD_FAILURE() << compiled.error().message << "\n" << text;
    definition = *compiled;
    ContextInfo info;
    info.execution_arn = "arn:aws:states:eu-central-1:000000000000:execution:m:e";
    info.state_machine_arn = "arn:aws:states:eu-central-1:000000000000:stateMachine:m";
    take(start(*definition, execution, std::move(input), info, now, random));
  }

  void take(Step step) {
    for (auto& event : step.events) {
      EXPECT_EQ(event.id, ++ids[event.child]) << event.type;
      EXPECT_LT(event.previous, event.id) << event.type;
      history.push_back(std::move(event));
    }
    for (auto& command : step.commands) {
      if (auto* task = std::get_if<ScheduleTask>(&command)) {
        EXPECT_TRUE(task_ids.insert(static_cast<std::int64_t>(task->task)).second) << "a task id was given out twice";
        tasks.push_back(std::move(*task));
      } else if (const auto* gone = std::get_if<CancelTask>(&command)) {
        std::erase_if(tasks, [&](const auto& t) { return t.task == gone->task; });
      } else if (const auto* timer = std::get_if<SetTimer>(&command)) {
        timers[static_cast<std::int64_t>(timer->timer)] = timer->due;
      } else if (const auto* stopped = std::get_if<CancelTimer>(&command)) {
        timers.erase(static_cast<std::int64_t>(stopped->timer));
      }
    }
    if (stores) reload();
    if (execution.finished()) {
      EXPECT_TRUE(tasks.empty());
      EXPECT_TRUE(timers.empty());
      EXPECT_TRUE(execution.waiting.empty());
      EXPECT_TRUE(execution.child_events.empty());
    }
  }
  void reload() {
    const auto text = execution.to_json();
    auto loaded = Execution::from_json(text);
    ASSERT_TRUE(loaded) << loaded.error().message << "\n" << text;
    EXPECT_EQ(loaded->to_json(), text);
    execution = std::move(*loaded);
  }
  void happen(const Happening& happening) { take(advance(*definition, execution, happening, now, random)); }

  // The pending task of a state, with that input; none: an empty one.
  ScheduleTask pending(std::string_view state, std::optional<json::value> input = {}) const {
    for (const auto& task : tasks)
      if (task.state == state && (!input || to_text(task.input) == to_text(*input))) return task;
    ADD_FAILURE() << "no task of " << state;
    return {};
  }
  void answer(ScheduleTask task, bool well) {
    std::erase_if(tasks, [&](const auto& t) { return t.task == task.task; });
    if (!well) return happen(TaskFailed{task.task, "Own.Error", "not yet"});
    performed[fmt::format("{} {}", task.state, to_text(task.input))] += 1;
    happen(TaskSucceeded{task.task, result ? result(task) : json::value(json::array{task.state, task.input})});
  }
  void succeed(std::string_view state, std::optional<json::value> input = {}) { answer(pending(state, input), true); }
  void fail(std::string_view state, std::optional<json::value> input = {}) { answer(pending(state, input), false); }
  void succeed_all() {
    while (!tasks.empty() || !timers.empty()) tasks.empty() ? fire() : answer(tasks.front(), true);
  }
  void fire() {
    const auto next = std::ranges::min_element(timers, {}, [](const auto& timer) { return timer.second; });
    const TimerId timer{next->first};
    now = std::max(now, next->second);
    timers.erase(next);
    happen(TimerFired{timer});
  }
  void redrive() {
    now += std::chrono::hours{1};
    auto step = asl::redrive(*definition, execution, now, random);
    ASSERT_TRUE(step) << step.error().message;
    take(std::move(*step));
  }
  std::vector<std::string> pending_states() const {
    std::vector<std::string> states;
    for (const auto& task : tasks) states.push_back(fmt::format("{} {}", task.state, to_text(task.input)));
    std::ranges::sort(states);
    return states;
  }
  std::int64_t count(std::string_view type) const { return std::ranges::count(history, type, &HistoryEvent::type); }
  std::string output() const { return to_text(execution.output); }

  DefinitionPtr definition;
  SeededRandom random{1};
  Time now = from_microseconds(1'700'000'000'000'000);
  Execution execution;
  std::vector<ScheduleTask> tasks;
  std::map<std::int64_t, Time> timers;
  std::vector<HistoryEvent> history;
  bool stores = true;
  std::map<std::int64_t, EventId> ids;
  std::set<std::int64_t> task_ids;
  std::map<std::string, int> performed;
  std::function<json::value(const ScheduleTask&)> result;
};

using Names = std::vector<std::string>;

std::string task(std::string_view name, std::string_view next = {}) {
  return fmt::format(R"("{}":{{"Type":"Task","Resource":"{}",{}}})", name, resource,
                     next.empty() ? std::string(R"("End":true)") : fmt::format(R"("Next":"{}")", next));
}
std::string machine(std::string_view start_at, std::string_view states) {
  return fmt::format(R"({{"StartAt":"{}","States":{{{}}}}})", start_at, states);
}
std::string parallel(std::string_view name, std::string_view branches, std::string_view more = R"("End":true)") {
  return fmt::format(R"("{}":{{"Type":"Parallel","Branches":[{}],{}}})", name, branches, more);
}
std::string inline_map(std::string_view name, std::string_view processor, std::string_view more = R"("End":true)") {
  return fmt::format(R"("{}":{{"Type":"Map","ItemProcessor":{},{}}})", name, processor, more);
}
std::string distributed_map(std::string_view processor, std::string_view more = R"("End":true)",
                            std::string_view type = "STANDARD", std::string_view name = "M") {
  return fmt::format(
      R"("{}":{{"Type":"Map","ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{}"}},{},{}}})",
      name, type, processor.substr(1), more);
}

TEST(Redrive, ParallelRunsTheFailedAndAbortedBranchesAlone) {
  Playbook run(
      machine("P", parallel("P", machine("A", task("A")) + "," + machine("B", task("B", "B2") + "," + task("B2")) +
                                     "," + machine("C", task("C", "C2") + "," + task("C2")))));
  run.succeed("A");
  run.succeed("C");
  run.succeed("B");
  run.fail("B2");
  ASSERT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.count("TaskStateAborted"), 1);
  run.redrive();
  EXPECT_EQ(run.execution.context.redrive_count, 1);
  EXPECT_EQ(run.pending_states(), (Names{R"(B2 ["B",{}])", R"(C2 ["C",{}])"}));
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([["A",{}],["B2",["B",{}]],["C2",["C",{}]]])");
  for (const auto& [what, times] : run.performed) EXPECT_EQ(times, 1) << what;
  // The states are not entered again, and the branches' events follow the redrive.
  EXPECT_EQ(run.count("TaskStateEntered"), 5);
  EXPECT_EQ(run.count("ParallelStateStarted"), 1);
  const auto redriven = std::ranges::find(run.history, "ExecutionRedriven", &HistoryEvent::type);
  EXPECT_EQ(redriven->details.at("redriveCount").as_int64(), 1);
  EXPECT_EQ(std::next(redriven)->type, "LambdaFunctionScheduled");
  EXPECT_EQ(std::next(redriven)->previous, redriven->id);
}

TEST(Redrive, InlineMapGoesOnWithFailedAbortedAndUnstartedItems) {
  Playbook run(machine("M", inline_map("M", machine("T", task("T")), R"("MaxConcurrency":2,"End":true)")),
               json::array{0, 1, 2, 3, 4});
  run.succeed("T", 0);
  run.fail("T", 1);
  ASSERT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.count("MapIterationFailed"), 1);
  EXPECT_EQ(run.count("MapIterationAborted"), 1);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{"T 1", "T 2"}));
  run.succeed("T", 2);
  run.succeed("T", 3);
  run.fail("T", 1);  // again
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{"T 1", "T 4"}));
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([["T",0],["T",1],["T",2],["T",3],["T",4]])");
  for (const auto& [what, times] : run.performed) EXPECT_EQ(times, 1) << what;
  EXPECT_EQ(run.execution.context.redrive_count, 2);
}

TEST(Redrive, ForksInForksGoOnWhereEachStopped) {
  const auto inner = machine("Q", parallel("Q", machine("X", task("X")) + "," + machine("Y", task("Y"))));
  Playbook run(machine("P", parallel("P", machine("M", inline_map("M", inner)) + "," + machine("B", task("B")))),
               json::array{1, 2});
  run.succeed("X", 1);
  run.succeed("B");
  run.fail("Y", 2);
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{"X 2", "Y 1", "Y 2"}));
  run.fail("X", 2);
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([[[["X",1],["Y",1]],[["X",2],["Y",2]]],["B",[1,2]]])");
  for (const auto& [what, times] : run.performed) EXPECT_EQ(times, 1) << what;
}

TEST(Redrive, StoppedAndTimedOutExecutionsGoOn) {
  const auto text = fmt::format(
      R"({{"StartAt":"P","TimeoutSeconds":60,"States":{{{}}}}})",
      parallel("P", machine("A", task("A", "A2") + "," + task("A2")) + "," +
                        R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":30,"Next":"B"},)" + task("B") + "}}"));
  Playbook run(text);
  run.succeed("A");
  run.happen(StopRequested{"E", "c"});
  ASSERT_EQ(run.execution.status, Status::aborted);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{R"(A2 ["A",{}])"}));
  run.fire();  // the wait, in full
  EXPECT_EQ(run.tasks.size(), 2u);
  run.fire();  // the time-out, which began again
  ASSERT_EQ(run.execution.status, Status::timed_out);
  run.redrive();
  while (!run.tasks.empty()) run.answer(run.tasks.front(), true);
  EXPECT_EQ(run.execution.status, Status::succeeded);
  EXPECT_EQ(run.performed.at("A {}"), 1);
}

TEST(Redrive, RetriesAreCountedAnewAndHandlersStillWork) {
  const auto retry = R"("Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1,"IntervalSeconds":1}],"End":true)";
  Playbook run(machine("P", parallel("P", machine("A", task("A")) + "," + machine("B", task("B")), retry)));
  for (int attempt = 0; attempt < 2; ++attempt) {
    run.succeed("A");
    run.fail("B");
    if (attempt == 0) run.fire();
  }
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{"B {}"}));
  run.fail("B");  // the retry of the whole state: all branches
  ASSERT_EQ(run.execution.status, Status::running);
  EXPECT_EQ(run.execution.frames.size(), 1u);
  run.fire();
  EXPECT_EQ(run.pending_states(), (Names{"A {}", "B {}"}));
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([["A",{}],["B",{}]])");
}

TEST(Redrive, AnOutputThatCannotBeMadeNeedsNoChildAgain) {
  Playbook run(machine("P", parallel("P", machine("A", task("A")), R"("ResultSelector":{"x.$":"$[7]"},"End":true)")));
  run.succeed("A");
  ASSERT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.count("ParallelStateFailed"), 0);
  run.redrive();
  EXPECT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.performed.size(), 1u);
  EXPECT_EQ(run.execution.error, "States.Runtime");
}

TEST(Redrive, ResultsThatWereTooLongAreMadeAgain) {
  Playbook run(machine("P", parallel("P", machine("A", task("A")) + "," + machine("B", task("B")))));
  run.result = [](const ScheduleTask&) { return json::value(json::string(200'000, 'x')); };
  run.succeed("A");
  run.succeed("B");
  ASSERT_EQ(run.execution.error, "States.DataLimitExceeded");
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{"A {}", "B {}"}));
  run.result = nullptr;
  run.succeed_all();
  EXPECT_EQ(run.execution.status, Status::succeeded);
}

// ---- distributed Maps

TEST(Redrive, TheSameMapRunGoesOn) {
  Playbook run(machine("M", distributed_map(machine("T", task("T", "U") + "," + task("U")),
                                            R"("MaxConcurrency":3,"ToleratedFailureCount":1,"End":true)")),
               json::array{0, 1, 2, 3, 4, 5});
  const std::string arn = run.execution.map_runs.at(0).arn;
  for (int item : {0, 1, 2}) run.succeed("T", item);
  run.succeed("U", json::array{"T", 0});
  run.fail("U", json::array{"T", 1});  // tolerated
  ASSERT_EQ(run.execution.status, Status::running);
  run.fail("U", json::array{"T", 2});
  ASSERT_EQ(run.execution.error, "States.ExceedToleratedFailureThreshold");
  {
    const auto& counts = run.execution.map_runs.at(0).executions;
    EXPECT_EQ(counts.failed, 2);
    EXPECT_EQ(counts.aborted, 2);  // 3 and 4
    EXPECT_EQ(counts.total, 5);
  }
  run.redrive();
  ASSERT_EQ(run.execution.map_runs.size(), 1u);
  EXPECT_EQ(run.execution.map_runs[0].arn, arn);
  EXPECT_EQ(run.execution.map_runs[0].status, Status::running);
  EXPECT_EQ(run.execution.map_runs[0].redrive_count, 1);
  EXPECT_EQ(run.execution.map_runs[0].executions.pending_redrive, 1);
  EXPECT_EQ(run.execution.map_runs[0].executions.running, 3);
  EXPECT_EQ(run.pending_states(), (Names{"T 3", R"(U ["T",1])", R"(U ["T",2])"}));
  const auto redriven = std::ranges::find(run.history, "MapRunRedriven", &HistoryEvent::type);
  ASSERT_NE(redriven, run.history.end());
  EXPECT_EQ(redriven->details.at("mapRunArn").as_string(), arn);
  run.fail("U", json::array{"T", 2});  // tolerated: failures of before do not count
  ASSERT_EQ(run.execution.status, Status::running);
  run.fail("U", json::array{"T", 1});
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([["U",["T",0]],["U",["T",1]],["U",["T",2]],["U",["T",3]],["U",["T",4]],["U",["T",5]]])");
  for (const auto& [what, times] : run.performed) EXPECT_EQ(times, 1) << what;
  const auto& end = run.execution.map_runs.at(0);
  EXPECT_EQ(end.status, Status::succeeded);
  EXPECT_EQ(end.executions.succeeded, 6);
  EXPECT_EQ(end.executions.total, 6);
  EXPECT_EQ(end.executions.failed + end.executions.aborted + end.executions.pending_redrive + end.executions.running,
            0);
  EXPECT_EQ(end.items.failed + end.items.aborted + end.items.pending_redrive + end.items.running + end.items.pending,
            0);
  // Children's histories go on as well.
  EXPECT_EQ(run.count("MapRunStarted"), 1);
  const auto of_child = [&](std::int64_t child) {
    Names types;
    for (const auto& event : run.history)
      if (event.child == child) types.emplace_back(event.type);
    return types;
  };
  EXPECT_EQ(std::ranges::count(of_child(2), "ExecutionRedriven"), 2);
  EXPECT_EQ(std::ranges::count(of_child(1), "ExecutionRedriven"), 0);
  EXPECT_EQ(std::ranges::count(of_child(2), "TaskStateEntered"), 2);
  EXPECT_EQ(of_child(2).back(), "ExecutionSucceeded");
}

TEST(Redrive, ToleratedFailuresOfAMapThatSucceededStayAsTheyAre) {
  Playbook run(machine("M", distributed_map(machine("T", task("T")), R"("ToleratedFailureCount":1,"Next":"A")") + "," +
                                task("A")),
               json::array{0, 1});
  run.fail("T", 0);
  run.succeed("T", 1);
  run.fail("A");
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{R"(A [["T",1]])"}));
  run.succeed_all();
  EXPECT_EQ(run.execution.status, Status::succeeded);
  EXPECT_EQ(run.execution.map_runs.at(0).redrive_count, 0);
}

TEST(Redrive, ExpressChildrenAndTheirBatchesStartAgain) {
  Playbook run(machine("M", distributed_map(machine("T", task("T", "U") + "," + task("U")),
                                            R"("ItemBatcher":{"MaxItemsPerBatch":2},"End":true)", "EXPRESS")),
               json::array{0, 1, 2, 3, 4});
  ASSERT_EQ(run.tasks.size(), 3u);
  const auto first = run.tasks[0], second = run.tasks[1], third = run.tasks[2];
  run.answer(first, true);
  run.succeed("U");
  run.answer(third, true);
  run.answer(second, false);
  ASSERT_EQ(run.execution.status, Status::failed);
  run.redrive();
  EXPECT_EQ(run.pending_states(), (Names{R"(T {"Items":[2,3]})", R"(T {"Items":[4]})"}));
  EXPECT_EQ(run.execution.map_runs.at(0).items.running, 3);
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([["U",["T",{"Items":[0,1]}]],["U",["T",{"Items":[2,3]}]],["U",["T",{"Items":[4]}]]])");
  EXPECT_EQ(run.performed.at(R"(T {"Items":[0,1]})"), 1);
  EXPECT_EQ(run.execution.map_runs.at(0).items.succeeded, 5);
  EXPECT_EQ(run.execution.last_child, 3);
}

TEST(Redrive, MapRunsInMapRunsGoOn) {
  const auto inner = machine("N", distributed_map(machine("T", task("T")), R"("End":true)", "STANDARD", "N"));
  Playbook run(machine("M", distributed_map(inner)), json::array{json::array{1, 2}, json::array{3}});
  run.succeed("T", 1);
  run.fail("T", 2);
  ASSERT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.execution.map_runs.size(), 3u);
  run.redrive();
  EXPECT_EQ(run.execution.map_runs.size(), 3u);
  EXPECT_EQ(run.pending_states(), (Names{"T 2", "T 3"}));
  run.succeed_all();
  EXPECT_EQ(run.output(), R"([[["T",1],["T",2]],[["T",3]]])");
  EXPECT_EQ(run.performed.at("T 1"), 1);
}

TEST(Redrive, ManyFailedChildrenAreBoundedAndRunAgain) {
  json::array items;
  for (int i = 0; i < 1'500; ++i) items.push_back(i);
  Playbook run(machine("M", distributed_map(machine("T", task("T")),
                                            R"("ToleratedFailurePercentage":99,"MaxConcurrency":300,"End":true)")),
               items);
  run.stores = false;
  while (run.execution.status == Status::running) {
    const auto next = run.tasks.front();
    run.answer(next, next.input.as_int64() == 700);
  }
  run.reload();
  const auto& fork = *run.execution.frames.begin()->second.fork;
  EXPECT_GT(fork.unsuccessful.size(), 1'400u);
  EXPECT_EQ(std::ranges::count_if(fork.unsuccessful, [](const auto& child) { return !child.frames.empty(); }), 1'000);
  run.redrive();
  run.succeed_all();
  EXPECT_EQ(run.execution.output.as_array().size(), 1'500u);
  EXPECT_EQ(run.execution.output.as_array()[1'400].as_array()[1].as_int64(), 1'400);
  EXPECT_EQ(run.execution.last_child, 1'500);
  for (const auto& [what, times] : run.performed) EXPECT_EQ(times, 1) << what;
}

// ---- the law

// Machines of tasks, waits and passes under Parallel and Map states of all kinds, without handlers: what fails, fails
// the execution.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::string machine_text(int depth = 0) {
    const auto count = 1 + random_.below(3);
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < count; ++i) names.push_back(fmt::format("S{}", ++names_));
    std::string states;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto end =
          i + 1 == names.size() ? std::string(R"("End":true)") : fmt::format(R"("Next":"{}")", names[i + 1]);
      states += (i > 0 ? "," : "") + state(names[i], end, depth);
    }
    return machine(names.front(), states);
  }

 private:
  std::string state(const std::string& name, const std::string& end, int depth) {
    switch (random_.below(depth > 2 ? 5 : 9)) {
      case 0:
        return fmt::format(R"("{}":{{"Type":"Wait","Seconds":{},{}}})", name, random_.below(5), end);
      case 1:
        return fmt::format(R"("{}":{{"Type":"Pass",{}}})", name, end);
      case 5: {
        std::string branches = machine_text(depth + 1);
        for (auto n = random_.below(3); n > 0; --n) branches += "," + machine_text(depth + 1);
        return parallel(name, branches, end);
      }
      case 6:
      case 7:
        return inline_map(
            name, machine_text(depth + 1),
            fmt::format(R"("ItemsPath":"$$.Execution.Input","MaxConcurrency":{},{})", random_.below(3), end));
      case 8:
        return distributed_map(machine_text(depth + 1),
                               fmt::format(R"("ItemsPath":"$$.Execution.Input","MaxConcurrency":{},{}{})",
                                           random_.below(3), settings(), end),
                               "STANDARD", name);
      default:
        return fmt::format(R"("{}":{{"Type":"Task","Resource":"{}",{}}})", name, resource, end);
    }
  }
  std::string settings() {
    std::string text;
    if (random_.below(2) == 0) text += R"("ItemBatcher":{"MaxItemsPerBatch":2},)";
    return text;
  }

  SeededRandom random_;
  int names_ = 0;
};

// Inside a distributed Map $$.Execution.Input is the child's own: an item, or a batch.
json::value three_items() {
  return json::array{json::array{1, 2}, json::array{3}, json::array{}};
}

TEST(Redrive, EndsLikeTheRunWithoutFailuresAndRepeatsNothing) {
  std::uint64_t redrives = 0, compared = 0;
  for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
    const auto text = Generator(seed).machine_text();
    Playbook plain(text, three_items());
    for (int step = 0; step < 3'000 && !plain.execution.finished(); ++step)
      plain.tasks.empty() ? plain.fire() : plain.answer(plain.tasks.front(), true);
    if (plain.execution.status != Status::succeeded) continue;  // an item that is no array, say
    Playbook redriven(text, three_items());
    SeededRandom chance(seed);
    for (int step = 0; step < 3'000 && redriven.execution.status != Status::succeeded; ++step) {
      if (redriven.execution.finished()) {
        redriven.redrive();
        ++redrives;
      } else if (chance.below(40) == 0) {
        redriven.happen(StopRequested{});
      } else if (!redriven.tasks.empty() && (redriven.timers.empty() || chance.below(3) > 0)) {
        const auto task = redriven.tasks[chance.below(redriven.tasks.size())];
        redriven.answer(task, chance.below(6) > 0);
      } else {
        redriven.fire();
      }
    }
    ASSERT_EQ(redriven.execution.status, Status::succeeded) << seed << "\n" << text;
    ASSERT_EQ(redriven.output(), plain.output()) << seed << "\n" << text;
    ASSERT_EQ(redriven.performed, plain.performed) << seed << "\n" << text;
    ASSERT_EQ(redriven.execution.map_runs.size(), plain.execution.map_runs.size()) << seed << "\n" << text;
    for (const auto& run : redriven.execution.map_runs) {
      ASSERT_EQ(run.items.succeeded, run.items.total) << seed << "\n" << text;
      ASSERT_EQ(run.executions.succeeded, run.executions.total) << seed << "\n" << text;
    }
    ASSERT_FALSE(testing::Test::HasFailure()) << seed << "\n" << text;
    ++compared;
  }
  EXPECT_GT(compared, 500u);
  EXPECT_GT(redrives, compared);
}

}  // namespace
}  // namespace tocsin::asl
