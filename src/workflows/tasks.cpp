#include "workflows/tasks.h"

#include <fmt/format.h>

namespace tocsin::workflows {
namespace {

constexpr std::string_view integration_prefix = "arn:aws:states:::";

std::string_view without_suffix(std::string_view resource) {
  for (const std::string_view suffix : {".waitForTaskToken", ".sync:2", ".sync"})
    if (resource.ends_with(suffix)) return resource.substr(0, resource.size() - suffix.size());
  return resource;
}

struct OperationName {
  std::string service;  // as the directory knows it
  std::string operation;
};

std::string upper_first(std::string_view name) {
  std::string text{name};
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

// "aws-sdk:sfn:startExecution" or "sns:publish".
OperationName operation_of(std::string_view integration) {
  if (integration.starts_with("aws-sdk:")) integration.remove_prefix(8);
  const auto colon = integration.find(':');
  if (colon == integration.npos) return {};
  std::string service{integration.substr(0, colon)};
  if (service == "sfn") service = "states";
  if (service == "eventbridge") service = "events";
  if (service == "networkfirewall") service = "network-firewall";
  return {service, upper_first(integration.substr(colon + 1))};
}

// Error names as Step Functions shows them: "Sns.NotFoundException", and "<Service>.SdkClientException" where AWS has
// none.
std::string error_name(std::string_view service, const Error& error) {
  std::string name = upper_first(service);
  if (service == "sqs" || service == "sns" || service == "dynamodb") name = service == "dynamodb" ? "DynamoDB" : name;
  return fmt::format("{}.{}", name, error.aws_code.empty() ? "SdkClientException" : error.aws_code);
}

// Optimised integrations take an object where the API wants text (a message, a payload).
json::object with_text_members(const json::object& input, std::initializer_list<std::string_view> members) {
  json::object copy = input;
  for (const auto member : members) {
    auto* value = copy.if_contains(member);
    if (value && !value->is_string()) *value = asl::to_text(*value);
  }
  return copy;
}

}  // namespace

Tasks::Tasks(Identity identity, InvokeFunction invoke, const service::Directory& directory)
    : identity_{std::move(identity)}, invoke_{std::move(invoke)}, directory_{directory} {
  caller_ = {
      .account = identity_.account,
      .arn = fmt::format("arn:{}:sts::{}:assumed-role/workflows/execution", identity_.partition, identity_.account),
      .user_id = "workflows"};
}

bool Tasks::knows(std::string_view resource) const {
  resource = without_suffix(resource);
  if (resource.find(":lambda:") != resource.npos) return true;
  if (!resource.starts_with(integration_prefix)) return false;
  const auto name = operation_of(resource.substr(integration_prefix.size()));
  return directory_.find(name.service, name.operation) != nullptr;
}

TaskOutcome Tasks::perform(store::Transaction& transaction, std::string_view resource, const json::value& input) const {
  resource = without_suffix(resource);
  if (resource == "arn:aws:states:::lambda:invoke") return invoke_through_lambda(transaction, input);
  if (resource.find(":lambda:") != resource.npos) return invoke_(transaction, resource, input);
  if (resource.starts_with(integration_prefix))
    return call_operation(transaction, resource.substr(integration_prefix.size()), input);
  return TaskFailure{"States.Runtime", fmt::format("The resource '{}' cannot be called here.", resource)};
}

// Source: Step Functions developer guide, "Invoke Lambda": Parameters {FunctionName, Payload}, result {Payload, …}.
TaskOutcome Tasks::invoke_through_lambda(store::Transaction& transaction, const json::value& input) const {
  const auto* name = find(input, "FunctionName");
  if (!name || !name->is_string())
    return TaskFailure{"States.Runtime", "The field 'FunctionName' is required for lambda:invoke."};
  const auto* payload = find(input, "Payload");
  auto outcome =
      invoke_(transaction, std::string_view(name->get_string()), payload ? *payload : json::value(json::object{}));
  if (auto* output = std::get_if<json::value>(&outcome))
    return json::value(
        json::object{{"ExecutedVersion", "$LATEST"}, {"Payload", std::move(*output)}, {"StatusCode", 200}});
  return outcome;
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
  const json::object request = with_text_members(input.get_object(), {"Message", "MessageBody", "Detail"});
  const service::Call call{.caller = caller_, .input = request, .request_id = {}, .endpoint = {}};
  auto answer = transaction.attempt([&] { return service::run_within(*operation, transaction, call); });
  if (answer) return json::value(std::move(*answer));
  return TaskFailure{error_name(name.service, answer.error()), answer.error().message};
}

}  // namespace tocsin::workflows
