#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "asl/detail/reader.h"

namespace tocsin::asl {
namespace {

constexpr Range seconds_range{1, 99'999'999};

struct Optimised {
  std::string_view service;
  std::string_view actions;  // blank-separated; "*" is any
};
// Services with an integration of their own. Source: Step Functions Developer Guide, "Integrating optimized services".
// securityhub is Tocsin's addition.
constexpr Optimised optimised[] = {
    {"lambda", "invoke"},
    {"sns", "publish"},
    {"sqs", "sendMessage"},
    {"dynamodb", "getItem putItem updateItem deleteItem"},
    {"events", "putEvents"},
    {"states", "startExecution"},
    {"securityhub", "batchUpdateFindings batchImportFindings getFindings"},
    {"http", "invoke"},
    {"apigateway", "invoke"},
    {"athena", "startQueryExecution stopQueryExecution getQueryExecution getQueryResults"},
    {"batch", "submitJob"},
    {"bedrock", "invokeModel createModelCustomizationJob"},
    {"codebuild",
     "startBuild stopBuild startBuildBatch stopBuildBatch retryBuildBatch deleteBuildBatch batchDeleteBuilds "
     "batchGetReports"},
    {"databrew", "startJobRun"},
    {"ecs", "runTask"},
    {"eks", "*"},
    {"elasticmapreduce", "*"},
    {"emr-containers", "*"},
    {"emr-serverless", "*"},
    {"glue", "startJobRun"},
    {"mediaconvert", "createJob"},
    {"sagemaker", "*"},
};

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto blank = words.find(' ');
    if (words.substr(0, blank) == word) return true;
    words.remove_prefix(blank == words.npos ? words.size() : blank + 1);
  }
  return false;
}

bool all_of(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || extra.find(c) != extra.npos;
  });
}

// "function:name" or "function:name:version".
bool is_function(std::string_view resource) {
  if (!resource.starts_with("function:")) return false;
  resource.remove_prefix(9);
  const auto colon = resource.find(':');
  if (!all_of(resource.substr(0, colon), "-_")) return false;
  if (colon == resource.npos) return true;
  const auto version = resource.substr(colon + 1);
  return version == "$LATEST" || all_of(version, "-_");
}

// Splits ".sync", ".sync:2" or ".waitForTaskToken" off.
std::string_view without_suffix(std::string_view action, Integration& integration) {
  const auto dot = action.find('.');
  if (dot == action.npos) return action;
  const auto suffix = action.substr(dot);
  if (suffix == ".sync" || suffix == ".sync:2")
    integration = Integration::run_job;
  else if (suffix == ".waitForTaskToken")
    integration = Integration::wait_for_task_token;
  else
    return {};
  return action.substr(0, dot);
}

// "sqs:sendMessage.waitForTaskToken", "aws-sdk:s3:listObjects".
bool read_service(std::string_view resource, TaskFields& task) {
  task.kind = TaskFields::Kind::service;
  if (resource.starts_with("aws-sdk:")) {
    const auto colon = resource.find(':', 8);
    if (colon == resource.npos) return false;
    task.resource_type = resource.substr(0, colon);
    task.action = resource.substr(colon + 1);
    const auto action = without_suffix(task.action, task.integration);
    return all_of(resource.substr(8, colon - 8), "") && all_of(action, "") && task.integration != Integration::run_job;
  }
  const auto colon = resource.find(':');
  if (colon == resource.npos) return false;
  task.resource_type = resource.substr(0, colon);
  task.action = resource.substr(colon + 1);
  const auto action = without_suffix(task.action, task.integration);
  return std::any_of(std::begin(optimised), std::end(optimised), [&](const Optimised& known) {
    return known.service == task.resource_type &&
           (known.actions == "*" ? !action.empty() : has_word(known.actions, action));
  });
}

// Whether the service would know the resource; fills in what kind of task it is.
bool read_resource(TaskFields& task) {
  std::array<std::string_view, 6> parts;
  std::string_view rest = task.resource;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = rest.find(':');
    if (colon == rest.npos) return false;
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  parts[5] = rest;
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || parts[5].empty()) return false;
  if (parts[2] == "lambda") {
    task.kind = TaskFields::Kind::lambda;
    return is_function(parts[5]);
  }
  if (parts[2] != "states") {
    task.resource_type = parts[2];
    task.action = parts[5];
    return true;
  }
  if (parts[5].starts_with("activity:")) {
    task.kind = TaskFields::Kind::activity;
    return parts[5].size() > 9;
  }
  return read_service(parts[5], task);
}

void check_express(Reader& state, const TaskFields& task) {
  // The blank at the end of the message is the service's own.
  const auto refuse = [&](std::string_view suffix) {
    state.wrong("Resource", fmt::format("Express state machine does not support '{}' service integration ", suffix));
  };
  if (task.kind == TaskFields::Kind::activity)
    state.wrong("Resource", "Express state machine does not support Activity ARN");
  else if (task.integration == Integration::run_job)
    refuse(".sync");
  else if (task.integration == Integration::wait_for_task_token)
    refuse(".waitForTaskToken");
}

}  // namespace

TaskFields read_task(Reader& state, Kind kind) {
  TaskFields task;
  if (auto resource = state.take_string("Resource")) {
    task.resource = std::move(*resource);
    if (!read_resource(task))
      state.wrong("Resource",
                  fmt::format("The resource provided {} is not recognized. The value is not a valid resource ARN, "
                              "or the resource is not available in this region.",
                              task.resource));
    else if (kind == Kind::express)
      check_express(state, task);
  } else if (!state.has("Resource")) {
    state.missing({"Resource"});
  }
  task.timeout_s = state.take_number_or_path("TimeoutSeconds", seconds_range);
  task.heartbeat_s = state.take_number_or_path("HeartbeatSeconds", seconds_range);
  if (task.timeout_s.value && task.heartbeat_s.value && *task.heartbeat_s.value >= *task.timeout_s.value)
    state.wrong("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
  if (const auto* credentials = state.take_object("Credentials")) {
    if (!credentials->contains("RoleArn") && !credentials->contains("RoleArn.$"))
      state.wrong("Credentials", "The field 'RoleArn' is required but was missing");
    task.credentials = read_template(*credentials, state.below("Credentials"), state.report());
  }
  return task;
}

std::vector<Retrier> read_retriers(Reader& state) {
  std::vector<Retrier> retriers;
  const auto* array = state.take_array("Retry");
  if (!array) return retriers;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto location = fmt::format("{}[{}]", state.below("Retry"), i);
    const auto* object = (*array)[i].if_object();
    if (!object) {
      state.report().schema("Expected value of type Object", location);
      continue;
    }
    Reader reader(*object, location, state.report());
    Retrier retrier;
    reader.take_string("Comment", true);
    if (auto errors = reader.take_errors()) retrier.errors = std::move(*errors);
    if (const auto n = reader.take_number("IntervalSeconds", seconds_range))
      retrier.interval_s = static_cast<std::int64_t>(*n);
    if (const auto n = reader.take_number("MaxAttempts", {0, 99'999'999}))
      retrier.attempts_max = static_cast<std::int64_t>(*n);
    if (const auto n = reader.take_number("BackoffRate", {1, 1e9, false})) retrier.backoff_rate = *n;
    if (const auto n = reader.take_number("MaxDelaySeconds", {1, 31'622'400}))
      retrier.delay_max_s = static_cast<std::int64_t>(*n);
    if (const auto strategy = reader.take_string("JitterStrategy")) {
      if (*strategy != "FULL" && *strategy != "NONE")
        reader.wrong("JitterStrategy", "The field 'JitterStrategy' should have one of these values: [FULL, NONE]");
      retrier.full_jitter = *strategy == "FULL";
    }
    reader.refuse_others();
    if (i + 1 < array->size() && retrier.errors == std::vector<std::string>{"States.ALL"})
      reader.wrong("ErrorEquals", "States.ALL must appear in the last element of the Retry array");
    retriers.push_back(std::move(retrier));
  }
  return retriers;
}

std::vector<Catcher> read_catchers(Reader& state, QueryLanguage language) {
  std::vector<Catcher> catchers;
  const auto* array = state.take_array("Catch");
  if (!array) return catchers;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto location = fmt::format("{}[{}]", state.below("Catch"), i);
    const auto* object = (*array)[i].if_object();
    if (!object) {
      state.report().schema("Expected value of type Object", location);
      continue;
    }
    Reader reader(*object, location, state.report());
    Catcher catcher;
    reader.take_string("Comment", true);
    if (auto errors = reader.take_errors()) catcher.errors = std::move(*errors);
    if (auto next = reader.take_string("Next"))
      catcher.next = std::move(*next);
    else if (!reader.has("Next"))
      reader.missing({"Next"});
    if (language == QueryLanguage::json_path) {
      catcher.result_path = reader.take_result_path("ResultPath");
      catcher.assign = reader.take_assign();
    } else {
      reader.take("Output");
      reader.take("Assign");
    }
    reader.refuse_others();
    if (i + 1 < array->size() && catcher.errors == std::vector<std::string>{"States.ALL"})
      reader.wrong("ErrorEquals", "States.ALL must appear in the last element of the Catch array");
    catchers.push_back(std::move(catcher));
  }
  return catchers;
}

}  // namespace tocsin::asl
