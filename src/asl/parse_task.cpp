#include <algorithm>

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

// "sqs:sendMessage.waitForTaskToken", "aws-sdk:s3:listObjects".
bool is_known_service(const Resource& resource) {
  constexpr std::string_view sdk = "aws-sdk:";
  const auto action = resource.name.substr(resource.service.size() + 1);
  if (resource.service.starts_with(sdk))
    return all_of(resource.service.substr(sdk.size()), "") && all_of(action, "") &&
           resource.integration != Integration::run_job;
  return std::any_of(std::begin(optimised), std::end(optimised), [&](const Optimised& known) {
    return known.service == resource.service &&
           (known.actions == "*" ? !action.empty() : has_word(known.actions, action));
  });
}

// Whether the service would know the resource; fills in what kind of task it is.
bool read_resource(TaskFields& task) {
  const auto resource = parse_resource(task.resource);
  if (!resource) return false;
  // Other services' ARNs are made, and shown, like integrations.
  task.kind = resource->kind == ResourceKind::other ? ResourceKind::service : resource->kind;
  task.resource_type = resource->service;
  task.action = resource->action;
  task.integration = resource->integration;
  switch (resource->kind) {
    case ResourceKind::lambda:
      return is_function(resource->name);
    case ResourceKind::activity:
      return resource->name.size() > std::string_view("activity:").size();
    case ResourceKind::service:
      return is_known_service(*resource);
    case ResourceKind::other:
      return true;
  }
  return false;
}

void check_express(Reader& state, const TaskFields& task) {
  // The blank at the end of the message is the service's own.
  const auto refuse = [&](std::string_view suffix) {
    state.wrong("Resource", fmt::format("Express state machine does not support '{}' service integration ", suffix));
  };
  if (task.kind == ResourceKind::activity)
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
