#include "workflows/tasks.h"

#include <exception>

#include <fmt/format.h>

#include "workflows/sdk_names.h"

namespace tocsin::workflows {
namespace {

constexpr std::string_view integration_prefix = "arn:aws:states:::";
constexpr std::string_view lambda_invoke = "arn:aws:states:::lambda:invoke";
constexpr int depth_max = 64;

std::string_view without_suffix(std::string_view resource) {
  for (const std::string_view suffix : {".waitForTaskToken", ".sync:2", ".sync"})
    if (resource.ends_with(suffix)) return resource.substr(0, resource.size() - suffix.size());
  return resource;
}

// Where no model is at hand: an object where the API wants text.
json::object with_text_members(const json::object& input, std::initializer_list<std::string_view> members) {
  json::object copy = input;
  for (const auto member : members) {
    auto* value = copy.if_contains(member);
    if (value && !value->is_string()) *value = asl::to_text(*value);
  }
  return copy;
}

// Code of others must not take the process down: what throws is a failed task, and its writes are undone like those of
// any other.
service::Answer run_guarded(const service::Operation& operation, store::Transaction& transaction,
                            const service::Call& call) {
  return transaction.attempt([&]() -> service::Answer {
    try {
      return service::run_within(operation, transaction, call);
    } catch (const std::exception& thrown) {
      return fail(ErrorCode::corrupt, fmt::format("The operation failed inside: {}", thrown.what()), "InternalFailure");
    }
  });
}

void check_states(const Tasks& tasks, const json::object& machine, const std::string& location, int depth,
                  std::vector<asl::Diagnostic>& found) {
  const auto* states = machine.if_contains("States");
  if (!states || !states->is_object() || depth > depth_max) return;
  for (const auto& [name, value] : states->get_object()) {
    const auto* state = value.if_object();
    if (!state) continue;
    const std::string below = fmt::format("{}/States/{}", location, std::string_view(name));
    const auto resource = string_at(*state, "Resource");
    if (string_at(*state, "Type") == "Task" && !resource.empty() && !tasks.knows(resource))
      found.push_back({asl::Severity::error, "SCHEMA_VALIDATION_FAILED",
                       fmt::format("The resource provided {} is not recognized. The value is not a valid resource ARN, "
                                   "or the resource is not available in this region.",
                                   resource),
                       below + "/Resource"});
    for (const auto* member : {"Iterator", "ItemProcessor"})
      if (const auto* inner = state->if_contains(member); inner && inner->is_object())
        check_states(tasks, inner->get_object(), below + "/" + member, depth + 1, found);
    if (const auto* branches = state->if_contains("Branches"); branches && branches->is_array())
      for (std::size_t i = 0; i < branches->get_array().size(); ++i)
        if (const auto* branch = branches->get_array()[i].if_object())
          check_states(tasks, *branch, fmt::format("{}/Branches[{}]", below, i), depth + 1, found);
  }
}

}  // namespace

Tasks::Tasks(Identity identity, InvokeFunction invoke, const service::Directory& directory, const Shapes* shapes)
    : identity_{std::move(identity)}, invoke_{std::move(invoke)}, directory_{directory}, shapes_{shapes} {
  caller_ = {
      .account = identity_.account,
      .arn = fmt::format("arn:{}:sts::{}:assumed-role/workflows/execution", identity_.partition, identity_.account),
      .user_id = "workflows"};
}

bool Tasks::knows(std::string_view resource) const {
  resource = without_suffix(resource);
  if (resource == lambda_invoke) return true;
  const auto arn = parse_arn(resource);
  if (arn && (arn->service == "lambda" || (arn->service == "states" && arn->resource.starts_with("activity:"))))
    return true;
  if (!resource.starts_with(integration_prefix)) return false;
  if (resource == "arn:aws:states:::http:invoke") return true;
  const auto name = operation_of(resource.substr(integration_prefix.size()));
  return directory_.find(name.service, name.operation) != nullptr;
}

std::vector<asl::Diagnostic> Tasks::check(std::string_view definition) const {
  std::vector<asl::Diagnostic> found;
  if (const auto machine = parse_json_object(definition)) check_states(*this, *machine, "", 0, found);
  return found;
}

std::optional<std::string> Tasks::check_result(std::string_view resource, const json::value& result,
                                               bool is_strict) const {
  // What .sync gives is another operation's result, and lambda:invoke's payload is already read.
  if (!shapes_ || !resource.starts_with(integration_prefix) || resource == lambda_invoke) return std::nullopt;
  if (resource.ends_with(".sync") || resource.ends_with(".sync:2")) return std::nullopt;
  const auto name = operation_of(without_suffix(resource).substr(integration_prefix.size()));
  return shapes_->result_problem(name.service, name.operation, result, is_strict);
}

TaskOutcome Tasks::perform(store::Transaction& transaction, std::string_view resource, const json::value& input) const {
  resource = without_suffix(resource);
  if (resource == lambda_invoke) return invoke_through_lambda(transaction, input);
  const auto arn = parse_arn(resource);
  if (arn && arn->service == "lambda") return invoke_(transaction, resource, input);
  if (resource.starts_with(integration_prefix))
    return call_operation(transaction, resource.substr(integration_prefix.size()), input);
  if (arn && arn->resource.starts_with("activity:"))
    return TaskFailure{"States.Runtime", fmt::format("The activity {} does not exist.", resource)};
  return TaskFailure{"States.Runtime", fmt::format("The resource '{}' cannot be called here.", resource)};
}

// Source: Step Functions developer guide, "Invoke Lambda": Parameters {FunctionName, Payload, InvocationType,
// Qualifier}, result {ExecutedVersion, Payload, StatusCode}; an event's answer is not waited for.
TaskOutcome Tasks::invoke_through_lambda(store::Transaction& transaction, const json::value& input) const {
  const auto* name = find(input, "FunctionName");
  if (!name || !name->is_string())
    return TaskFailure{"States.Runtime", "The field 'FunctionName' is required for lambda:invoke."};
  const auto type = string_at(input.get_object(), "InvocationType", "RequestResponse");
  if (type == "DryRun") return json::value(json::object{{"StatusCode", 204}});
  if (type == "Event") return call_operation(transaction, "lambda:invoke", input);
  const auto* payload = find(input, "Payload");
  auto outcome =
      invoke_(transaction, std::string_view(name->get_string()), payload ? *payload : json::value(json::object{}));
  if (auto* output = std::get_if<json::value>(&outcome))
    return json::value(
        json::object{{"ExecutedVersion", "$LATEST"}, {"Payload", std::move(*output)}, {"StatusCode", 200}});
  return outcome;
}

Result<json::object> Tasks::to_operation(std::string_view service, std::string_view operation,
                                         const json::object& parameters) const {
  if (shapes_) return shapes_->to_operation(service, operation, parameters);
  return with_text_members(parameters, {"Message", "MessageBody", "Detail"});
}

json::object Tasks::to_task(std::string_view service, std::string_view operation, json::object answer) const {
  return shapes_ ? shapes_->to_task(service, operation, std::move(answer)) : answer;
}

TaskFailure Tasks::failure(store::Transaction& transaction, const OperationName& name, const Error& error) const {
  // Parameters that the API does not have, or that are not at all what it wants.
  if (error.aws_code.empty() && error.code == ErrorCode::validation) return {"States.Runtime", error.message};
  const auto exception = shapes_ ? shapes_->exception(name.service, error)
                                 : Shapes::Exception{.name = error.aws_code, .code = error.aws_code};
  return {error_name(name, exception), error_cause(name, exception, error.message, make_uuid(transaction.random()))};
}

TaskOutcome Tasks::call_operation(store::Transaction& transaction, std::string_view integration,
                                  const json::value& input) const {
  const auto name = operation_of(integration);
  const auto* operation = directory_.find(name.service, name.operation);
  if (!operation)
    return TaskFailure{"States.Runtime",
                       fmt::format("The operation '{}' of '{}' is not served here.", name.operation, name.service)};
  if (!input.is_object())
    return TaskFailure{"States.Runtime", fmt::format("The parameters of '{}' must be an object.", integration)};
  auto request = to_operation(name.service, name.operation, input.get_object());
  const std::string request_id = make_uuid(transaction.random());
  auto answer =
      request
          ? run_guarded(*operation, transaction,
                        {.caller = caller_, .input = *request, .request_id = request_id, .endpoint = directory_.url()})
          : service::Answer{std::unexpected(request.error())};
  if (!answer) return failure(transaction, name, answer.error());
  *answer = to_task(name.service, name.operation, std::move(*answer));
  // The optimised integration fails for one bad entry; the others are put all the same, as in AWS.
  if (name.optimised && name.service == "events" && integer_at(*answer, "FailedEntryCount") > 0)
    return TaskFailure{"EventBridge.FailedEntry", asl::to_text(*answer)};
  return json::value(std::move(*answer));
}

}  // namespace tocsin::workflows
