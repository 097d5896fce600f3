#include <chrono>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "asl/asl.h"
#include "asl/state_test.h"
#include "simulation/simulate.h"

namespace tocsin::asl {

using simulation::simulate;
using simulation::SimulationOptions;

namespace {

constexpr std::string_view lambda = "arn:aws:lambda:us-east-1:000000000000:function:f";
const Time begin_time = from_microseconds(1'700'000'000'000'000);

// An execution, the commands it gave, and the history so far.
struct Driven {
  explicit Driven(std::string_view text, json::value input = json::object(), Kind kind = Kind::standard)
      : definition(*compile(text, kind)) {
    ContextInfo info;
    info.execution_arn = "arn:aws:states:eu-central-1:000000000000:execution:m:e";
    info.state_machine_arn = "arn:aws:states:eu-central-1:000000000000:stateMachine:m";
    take(start(*definition, execution, std::move(input), info, now, random));
  }
  void take(Step step) {
    commands = std::move(step.commands);
    for (auto& event : step.events) history.push_back(std::move(event));
  }
  void happen(const Happening& happening) { take(advance(*definition, execution, happening, now, random)); }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& command : commands)
      if (const auto* wanted = std::get_if<T>(&command)) found.push_back(*wanted);
    return found;
  }
  std::vector<std::string_view> types() const {
    std::vector<std::string_view> types;
    for (const auto& event : history) types.push_back(event.type);
    return types;
  }
  const json::object& details(std::string_view type) const {
    for (const auto& event : history)
      if (event.type == type) return event.details;
    static const json::object none;
    return none;
  }

  DefinitionPtr definition;
  SeededRandom random{1};
  Time now = begin_time;
  Execution execution;
  std::vector<Command> commands;
  std::vector<HistoryEvent> history;
};

std::string one_state(std::string_view fields) {
  return fmt::format(R"({{"StartAt":"S","States":{{"S":{{{}}}}}}})", fields);
}

TEST(Interpreter, RunsTaskRetryAndChoiceOverStoredState) {
  const auto definition = compile(R"({"StartAt":"T","States":{
    "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","TimeoutSeconds":10,
         "Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":2}],"ResultPath":"$.r","Next":"C"},
    "C":{"Type":"Choice","Choices":[{"Variable":"$.r.n","NumericGreaterThan":1,"Next":"D"}],"Default":"F"},
    "D":{"Type":"Pass","End":true},"F":{"Type":"Fail","Error":"E","Cause":"c"}}})",
                                  Kind::standard);
  ASSERT_TRUE(definition) << definition.error().message;
  SeededRandom random{1};
  Execution execution;
  Time now = from_microseconds(1'700'000'000'000'000);
  const ContextInfo info{.execution_arn = "arn:aws:states:us-east-1:000000000000:execution:m:e"};
  auto step = start(**definition, execution, json::object{{"k", 1}}, info, now, random);
  ASSERT_EQ(step.commands.size(), 2u);
  const auto first = std::get<ScheduleTask>(step.commands[0]);
  EXPECT_EQ(to_text(first.input), R"({"k":1})");
  const auto timeout = std::get<SetTimer>(step.commands[1]);
  const auto reload = [&] {
    const auto text = execution.to_json();
    auto loaded = Execution::from_json(text);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->to_json(), text);
    execution = std::move(*loaded);
  };
  reload();
  step = advance(**definition, execution, TaskFailed{first.task, "Busy", "later"}, now, random);
  ASSERT_EQ(step.commands.size(), 2u);
  EXPECT_EQ(std::get<CancelTimer>(step.commands[0]).timer, timeout.timer);
  const auto retry = std::get<SetTimer>(step.commands[1]);
  EXPECT_EQ(retry.due - now, std::chrono::seconds(2));
  reload();
  EXPECT_TRUE(advance(**definition, execution, TaskSucceeded{first.task, 1}, now, random).commands.empty());
  step = advance(**definition, execution, TimerFired{retry.timer}, now, random);
  const auto second = std::get<ScheduleTask>(step.commands[0]);
  EXPECT_EQ(second.attempt, 1);
  reload();
  step = advance(**definition, execution, TaskSucceeded{second.task, json::object{{"n", 2}}}, now, random);
  const auto finish = std::get<Finish>(step.commands.back());
  EXPECT_EQ(finish.status, Status::succeeded);
  EXPECT_EQ(to_text(finish.output), R"({"k":1,"r":{"n":2}})");
  EXPECT_TRUE(execution.finished());
}

TEST(Interpreter, EventsHaveTheServicesShape) {
  Driven run(
      one_state(R"("Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","TimeoutSeconds":60,
      "HeartbeatSeconds":9,"Parameters":{"t.$":"$$.Task.Token"},"End":true)"));
  const auto task = run.all<ScheduleTask>().at(0);
  EXPECT_EQ(task.integration, Integration::wait_for_task_token);
  EXPECT_GE(task.task_token.size(), 64u);
  EXPECT_EQ(task.input.at("t").as_string(), task.task_token);
  EXPECT_EQ(task.timeout, std::chrono::seconds(60));
  EXPECT_EQ(task.heartbeat, std::chrono::seconds(9));
  EXPECT_EQ(to_text(run.details("TaskScheduled")),
            fmt::format(R"({{"resourceType":"sqs","resource":"sendMessage.waitForTaskToken","region":"eu-central-1",)"
                        R"("parameters":"{{\"t\":\"{}\"}}","timeoutInSeconds":60,"heartbeatInSeconds":9}})",
                        task.task_token));
  run.happen(TaskSubmitted{task.task, json::object{{"MessageId", "m"}}});
  EXPECT_EQ(to_text(run.details("TaskSubmitted")),
            R"({"resourceType":"sqs","resource":"sendMessage.waitForTaskToken","output":"{\"MessageId\":\"m\"}",)"
            R"("outputDetails":{"truncated":false}})");
  run.happen(TaskSucceeded{task.task, 1.5});
  EXPECT_EQ(to_text(run.details("TaskStateExited")),
            R"({"name":"S","output":"1.5","outputDetails":{"truncated":false}})");
  EXPECT_EQ(to_text(run.details("ExecutionSucceeded")), R"({"output":"1.5","outputDetails":{"truncated":false}})");
  const auto wire = to_json(run.history[1]);
  EXPECT_EQ(to_text(wire),
            R"({"timestamp":1.7E9,"type":"TaskStateEntered","id":2,"previousEventId":0,)"
            R"("stateEnteredEventDetails":{"name":"S","input":"{}","inputDetails":{"truncated":false}}})");
}

TEST(Interpreter, HeartbeatsKeepATaskAlive) {
  Driven run(one_state(
      fmt::format(R"("Type":"Task","Resource":"{}","TimeoutSeconds":60,"HeartbeatSeconds":9,"End":true)", lambda)));
  const auto task = run.all<ScheduleTask>().at(0);
  auto timer = run.all<SetTimer>().at(1);
  EXPECT_EQ(timer.due - run.now, std::chrono::seconds(9));
  run.now += std::chrono::seconds(8);
  run.happen(TaskHeartbeat{task.task});
  EXPECT_EQ(run.all<CancelTimer>().at(0).timer, timer.timer);
  run.happen(TimerFired{timer.timer});  // fired before it could be cancelled: late
  EXPECT_TRUE(run.commands.empty());
  run.happen(TaskHeartbeat{task.task});
  timer = run.all<SetTimer>().at(0);
  run.now += std::chrono::seconds(9);
  run.happen(TimerFired{timer.timer});
  EXPECT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.execution.error, "States.Timeout");
  EXPECT_EQ(run.all<CancelTask>().at(0).task, task.task);
}

TEST(Interpreter, ActivitiesStartWhenAWorkerTakesThem) {
  Driven run(one_state(
      R"("Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","HeartbeatSeconds":9,"End":true)"));
  const auto task = run.all<ScheduleTask>().at(0);
  EXPECT_FALSE(task.task_token.empty());
  EXPECT_TRUE(run.all<SetTimer>().empty());
  run.happen(TaskStarted{task.task, "worker-1"});
  EXPECT_EQ(to_text(run.details("ActivityStarted")), R"({"workerName":"worker-1"})");
  EXPECT_EQ(run.all<SetTimer>().size(), 1u);
  run.happen(TaskStarted{task.task, "worker-2"});
  EXPECT_TRUE(run.commands.empty());
  run.happen(TaskSucceeded{task.task, "done"});
  EXPECT_EQ(run.execution.status, Status::succeeded);
}

constexpr std::string_view two_branches =
    R"({"StartAt":"P","TimeoutSeconds":100,"States":{"P":{"Type":"Parallel","End":true,"Branches":[
    {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}},
    {"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","End":true}}}]}}})";

TEST(Interpreter, StoppingWithdrawsEverything) {
  Driven run(two_branches);
  ASSERT_EQ(run.all<SetTimer>().size(), 2u);  // the machine's and the Wait's
  ASSERT_EQ(run.all<ScheduleTask>().size(), 1u);
  run.happen(StopRequested{"Why", "because"});
  EXPECT_EQ(run.all<CancelTimer>().size(), 2u);
  EXPECT_EQ(run.all<CancelTask>().size(), 1u);
  const auto finish = run.all<Finish>().at(0);
  EXPECT_EQ(finish.status, Status::aborted);
  EXPECT_EQ(finish.error, "Why");
  EXPECT_EQ(to_text(run.details("ExecutionAborted")), R"({"error":"Why","cause":"because"})");
  auto tail = run.types();
  tail.erase(tail.begin(), tail.end() - 4);
  EXPECT_EQ(tail, (std::vector<std::string_view>{"ParallelStateAborted", "WaitStateAborted", "TaskStateAborted",
                                                 "ExecutionAborted"}));
  run.happen(StopRequested{});
  run.happen(ExecutionTimedOut{});
  EXPECT_TRUE(run.commands.empty());
}

TEST(Interpreter, RedriveBeginsAgainWhereItStopped) {
  Driven run(
      fmt::format(R"({{"StartAt":"A","States":{{"A":{{"Type":"Pass","Result":{{"k":1}},"Assign":{{"v":7}},"Next":"B"}},
      "B":{{"Type":"Task","Resource":"{}","Parameters":{{"k.$":"$.k","v.$":"$v","n.$":"$$.Execution.RedriveCount"}},"End":true}}}}}})",
                  lambda));
  run.happen(TaskFailed{run.all<ScheduleTask>().at(0).task, "E", "c"});
  ASSERT_EQ(run.execution.status, Status::failed);
  run.execution = *Execution::from_json(run.execution.to_json());
  auto step = redrive(*run.definition, run.execution, run.now, run.random);
  ASSERT_TRUE(step);
  run.take(std::move(*step));
  const auto task = run.all<ScheduleTask>().at(0);
  EXPECT_EQ(to_text(task.input), R"({"k":1,"v":7,"n":1})");
  run.happen(TaskSucceeded{task.task, "ok"});
  EXPECT_EQ(run.execution.status, Status::succeeded);
  EXPECT_FALSE(redrive(*run.definition, run.execution, run.now, run.random));
  for (std::size_t i = 0; i < run.history.size(); ++i) EXPECT_EQ(run.history[i].id, static_cast<EventId>(i + 1));
}

TEST(Interpreter, RefusesTooLongInput) {
  Driven run(one_state(R"("Type":"Pass","End":true)"), json::string(262'143, 'x'));
  EXPECT_EQ(run.execution.status, Status::failed);
  EXPECT_EQ(run.execution.error, "States.DataLimitExceeded");
  Driven fits(one_state(R"("Type":"Pass","End":true)"), json::string(262'142, 'x'));
  EXPECT_EQ(fits.execution.status, Status::succeeded);
}

TEST(Interpreter, WithoutHistoryTheRunIsTheSame) {
  const auto definition = *compile(two_branches, Kind::standard);
  Execution execution;
  SeededRandom random{1};
  ContextInfo info;
  info.record_history = false;
  auto step = start(*definition, execution, json::object(), info, begin_time, random);
  EXPECT_TRUE(step.events.empty());
  EXPECT_EQ(execution.last_event, 7);
}

// An endless loop of an express machine pauses, so that its caller sees the time go by.
TEST(Interpreter, LongRunsOfStatesPause) {
  Driven run(R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice",
      "Choices":[{"Variable":"$.x","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}})",
             json::object(), Kind::express);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(run.execution.finished());
    const auto timer = run.all<SetTimer>().back();
    EXPECT_EQ(timer.due, run.now);
    run.execution = *Execution::from_json(run.execution.to_json());
    run.happen(TimerFired{timer.timer});
  }
  EXPECT_GT(run.history.size(), 8'000u);
  run.happen(ExecutionTimedOut{});
  EXPECT_EQ(run.execution.status, Status::timed_out);
}

TEST(Interpreter, MapOfManyItemsIsBounded) {
  json::array items;
  for (int i = 0; i < 100'000; ++i) items.emplace_back(i % 10);
  constexpr std::string_view processor =
      R"("StartAt":"I","States":{"I":{"Type":"Pass","Parameters":{"all":[1,2,3]},"End":true}})";
  const auto inline_map =
      *compile(one_state(fmt::format(R"("Type":"Map","ItemProcessor":{{{}}},"End":true)", processor)), Kind::standard);
  const auto begin = std::chrono::steady_clock::now();
  // Inline, the history is full before the items are done; distributed, the results are too long together.
  auto run = simulate(*inline_map, items, {});
  EXPECT_EQ(run.cause, "The execution reached the maximum number of history events (25000).");
  EXPECT_EQ(run.history.size(), 25'000u);
  const auto distributed = *compile(
      one_state(fmt::format(
          R"("Type":"Map","ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"}},{}}},"End":true)",
          processor)),
      Kind::standard);
  SimulationOptions options;
  options.context.record_history = false;
  run = simulate(*distributed, items, {}, options);
  EXPECT_EQ(run.error, "States.DataLimitExceeded");
  ASSERT_EQ(run.execution.map_runs.size(), 1u);
  EXPECT_EQ(run.execution.map_runs[0].items.succeeded, 100'000);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

// Each turn wraps the payload once more; it must end before nobody can read it.
TEST(Interpreter, PayloadsAreNotNestedWithoutEnd) {
  const auto definition = *compile(R"({"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a.$":"$"},"Next":"B"},
      "B":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}})",
                                   Kind::express);
  SimulationOptions options;
  options.store_between_steps = true;
  const auto run = simulate(*definition, json::object(), {}, options);
  EXPECT_EQ(run.error, "States.DataLimitExceeded");
  EXPECT_EQ(run.problem, "");
}

TEST(Interpreter, AWaitingExecutionIsSmall) {
  Driven run(one_state(R"("Type":"Wait","Seconds":86400,"End":true)"),
             json::object{{"finding", json::string(200, 'x')}});
  EXPECT_LT(run.execution.to_json().size(), 2'048u - 200);
}

TEST(Interpreter, BrokenStoredExecutionsAreRefused) {
  Driven run(two_branches);
  const auto text = run.execution.to_json();
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto broken = text;
    broken.erase(i, 1);
    (void)Execution::from_json(broken);  // refused or read, never a crash
    EXPECT_FALSE(Execution::from_json(text.substr(0, i)));
  }
  for (const char* bad : {"", "[]", "1", R"({"status":9})", R"({"frames":[1,{"id":2}]})",
                          R"({"frames":[1,{"id":1,"parent":7}]})", R"({"frames":[1,{"id":1,"phase":4}]})",
                          R"({"frames":[1,{"id":1,"phase":-1}]})", R"({"input":1,"started":"x"})"})
    EXPECT_FALSE(Execution::from_json(bad)) << bad;
}

TEST(StateTest, ShowsWhoTakesAFailure) {
  StateTest test;
  test.tested = *read_tested_state(
      fmt::format(
          R"({{"Type":"Task","Resource":"{}","Retry":[{{"ErrorEquals":["X"]}},{{"ErrorEquals":["E"],"IntervalSeconds":4,
      "MaxAttempts":2}}],"Catch":[{{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"Elsewhere"}}],"End":true}})",
          lambda),
      std::nullopt);
  test.input = json::object{{"k", 1}};
  test.mock = StateOutcome{{}, "E", "why"};
  SeededRandom random{1};
  auto result = test_state(test, begin_time, random);
  ASSERT_TRUE(result);
  EXPECT_EQ(to_string(result->status), "RETRIABLE");
  EXPECT_EQ(to_text(result->inspection.at("errorDetails")), R"({"retryIndex":1,"retryBackoffIntervalSeconds":4})");
  test.retries_used = 2;
  result = test_state(test, begin_time, random);
  EXPECT_EQ(to_string(result->status), "CAUGHT_ERROR");
  EXPECT_EQ(result->next_state, "Elsewhere");
  EXPECT_EQ(to_text(*result->output), R"({"k":1,"e":{"Error":"E","Cause":"why"}})");
  test.mock.reset();
  EXPECT_FALSE(test_state(test, begin_time, random));
  test.perform = [](const ScheduleTask& task) { return StateOutcome{task.input, {}, {}}; };
  result = test_state(test, begin_time, random);
  EXPECT_EQ(to_string(result->status), "SUCCEEDED");
  EXPECT_EQ(read_tested_state("{}", std::nullopt).error().aws_code, "InvalidDefinition");
  EXPECT_EQ(read_tested_state("{", std::nullopt).error().aws_code, "InvalidDefinition");
}

}  // namespace
}  // namespace tocsin::asl
