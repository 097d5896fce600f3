#include "workflows/tasks.h"

#include <exception>

#include <fmt/format.h>

#include "asl/definition.h"
#include "workflows/sdk_names.h"

namespace tocsin::workflows {
namespace {

constexpr std::string_view lambda_invoke = "lambda:invoke";

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

}  // namespace

Tasks::Tasks(Identity identity, InvokeFunction invoke, const service::Directory& directory, const Shapes* shapes)
    : identity_{std::move(identity)}, invoke_{std::move(invoke)}, directory_{directory}, shapes_{shapes} {
  caller_ = {
      .account = identity_.account,
      .arn = fmt::format("arn:{}:sts::{}:assumed-role/workflows/execution", identity_.partition, identity_.account),
      .user_id = "workflows"};
}

// Definitions are written for the partition that they run in, or for "aws", as those of stacks that run everywhere are.
bool Tasks::is_here(const asl::Resource& resource) const {
  return resource.partition == identity_.partition || resource.partition == "aws";
}

bool Tasks::knows(std::string_view text) const {
  const auto resource = asl::parse_resource(text);
  if (!resource || !is_here(*resource)) return false;
  switch (resource->kind) {
    case asl::ResourceKind::lambda:
    case asl::ResourceKind::activity:
      return true;
    case asl::ResourceKind::other:
      return false;
    case asl::ResourceKind::service:
      break;
  }
  if (resource->name == lambda_invoke || resource->name == http_invoke) return true;
  const auto name = operation_of(resource->name);
  return directory_.find(name.service, name.operation) != nullptr;
}

std::vector<asl::Diagnostic> Tasks::check(const asl::Definition& definition) const {
  std::vector<asl::Diagnostic> found;
  asl::for_each_state(definition.machine, [&](const asl::State& state, const std::string& location) {
    if (state.type != asl::StateType::task || found.size() >= asl::diagnostics_max) return;
    const auto& resource = state.as<asl::TaskFields>().resource;
    if (knows(resource)) return;
    found.push_back(
        {asl::Severity::error, "SCHEMA_VALIDATION_FAILED",
         fmt::format("The resource provided {} is not recognized. The value is not a valid resource ARN, or "
                     "the resource is not available in this region.",
                     resource),
         location + "/Resource"});
  });
  return found;
}

std::optional<std::string> Tasks::check_result(std::string_view text, const json::value& result, bool is_strict) const {
  const auto resource = asl::parse_resource(text);
  if (!shapes_ || !resource || resource->kind != asl::ResourceKind::service) return std::nullopt;
  // What .sync gives is another operation's result, and lambda:invoke's payload is already read.
  const bool is_invocation = resource->name == lambda_invoke && resource->suffix.empty();
  if (is_invocation || resource->integration == asl::Integration::run_job) return std::nullopt;
  const auto name = operation_of(resource->name);
  return shapes_->result_problem(name.service, name.operation, result, is_strict);
}

TaskOutcome Tasks::perform(store::Transaction& transaction, std::string_view text, const json::value& input,
                           int depth) const {
  const auto resource = asl::parse_resource(text);
  if (resource && is_here(*resource)) {
    switch (resource->kind) {
      case asl::ResourceKind::lambda:
        return invoke_(transaction, text, input);
      case asl::ResourceKind::service:
        return resource->name == lambda_invoke ? invoke_through_lambda(transaction, input)
                                               : call_operation(transaction, resource->name, input, depth);
      case asl::ResourceKind::activity:
        return TaskFailure{"States.Runtime", fmt::format("The activity {} does not exist.", text)};
      case asl::ResourceKind::other:
        break;
    }
  }
  return TaskFailure{"States.Runtime", fmt::format("The resource '{}' cannot be called here.", text)};
}

// Source: Step Functions developer guide, "Invoke Lambda": Parameters {FunctionName, Payload, InvocationType,
// Qualifier}, result {ExecutedVersion, Payload, StatusCode}; an event's answer is not waited for.
TaskOutcome Tasks::invoke_through_lambda(store::Transaction& transaction, const json::value& input) const {
  const auto* name = find(input, "FunctionName");
  if (!name || !name->is_string())
    return TaskFailure{"States.Runtime", "The field 'FunctionName' is required for lambda:invoke."};
  const auto type = string_at(input.get_object(), "InvocationType", "RequestResponse");
  if (type == "DryRun") return json::value(json::object{{"StatusCode", 204}});
  if (type == "Event") return call_operation(transaction, "lambda:invoke", input, 0);
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
                                  const json::value& input, int depth) const {
  const auto name = operation_of(integration);
  const auto* operation = directory_.find(name.service, name.operation);
  if (!operation)
    return TaskFailure{"States.Runtime",
                       fmt::format("The operation '{}' of '{}' is not served here.", name.operation, name.service)};
  if (!input.is_object())
    return TaskFailure{"States.Runtime", fmt::format("The parameters of '{}' must be an object.", integration)};
  auto request = to_operation(name.service, name.operation, input.get_object());
  const std::string request_id = make_uuid(transaction.random());
  auto answer = request ? run_guarded(*operation, transaction,
                                      {.caller = caller_,
                                       .input = *request,
                                       .request_id = request_id,
                                       .endpoint = directory_.url(),
                                       .depth = depth})
                        : service::Answer{std::unexpected(request.error())};
  if (!answer) return failure(transaction, name, answer.error());
  *answer = to_task(name.service, name.operation, std::move(*answer));
  // The optimised integration fails for one bad entry; the others are put all the same, as in AWS.
  if (name.optimised && name.service == "events" && integer_at(*answer, "FailedEntryCount") > 0)
    return TaskFailure{"EventBridge.FailedEntry", asl::to_text(*answer)};
  return json::value(std::move(*answer));
}

}  // namespace tocsin::workflows
