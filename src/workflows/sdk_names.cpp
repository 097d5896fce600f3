#include "workflows/sdk_names.h"

#include <fmt/format.h>

namespace tocsin::workflows {
namespace {

struct Names {
  std::string_view signing;      // "events"
  std::string_view integration;  // in "aws-sdk:eventbridge:…"
  std::string_view sdk2;         // prefix of errors of aws-sdk integrations
  std::string_view optimised;    // prefix of errors of optimised integrations
  std::string_view sdk1;         // "Service: …" in their causes
  std::string_view sdk1_exception;
};
// Sources: Step Functions Developer Guide, "Using AWS SDK service integrations" and the pages of the optimised ones;
// recorded executions.
constexpr Names all_names[] = {
    {"dynamodb", "dynamodb", "DynamoDb", "DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"},
    {"events", "eventbridge", "EventBridge", "EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"},
    {"lambda", "lambda", "Lambda", "Lambda", "AWSLambda", "AWSLambdaException"},
    {"network-firewall", "networkfirewall", "NetworkFirewall", "NetworkFirewall", "AWSNetworkFirewall",
     "AWSNetworkFirewallException"},
    {"securityhub", "securityhub", "SecurityHub", "SecurityHub", "AWSSecurityHub", "AWSSecurityHubException"},
    {"sns", "sns", "Sns", "SNS", "AmazonSNS", "AmazonSNSException"},
    {"sqs", "sqs", "Sqs", "SQS", "AmazonSQS", "AmazonSQSException"},
    {"states", "sfn", "Sfn", "StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"},
    {"sts", "sts", "Sts", "STS", "AWSSecurityTokenService", "AWSSecurityTokenServiceException"},
};

std::string upper_first(std::string_view name) {
  std::string text{name};
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

const Names* names_of(std::string_view signing) {
  for (const auto& names : all_names)
    if (names.signing == signing) return &names;
  return nullptr;
}

}  // namespace

OperationName operation_of(std::string_view integration) {
  OperationName name{.service = {}, .operation = {}, .optimised = !integration.starts_with("aws-sdk:")};
  if (!name.optimised) integration.remove_prefix(8);
  const auto colon = integration.find(':');
  if (colon == integration.npos) return name;
  name.service = integration.substr(0, colon);
  name.operation = upper_first(integration.substr(colon + 1));
  if (!name.optimised)
    for (const auto& names : all_names)
      if (names.integration == name.service) {
        name.service = names.signing;
        break;
      }
  return name;
}

std::string error_name(const OperationName& name, const Shapes::Exception& exception) {
  const auto* names = names_of(name.service);
  const std::string prefix =
      !names ? upper_first(name.service) : std::string(name.optimised ? names->optimised : names->sdk2);
  if (exception.name.empty())
    return fmt::format("{}.{}", prefix,
                       names && name.optimised ? std::string(names->sdk1_exception) : prefix + "Exception");
  return fmt::format("{}.{}{}", prefix, exception.name, exception.name.ends_with("Exception") ? "" : "Exception");
}

std::string error_cause(const OperationName& name, const Shapes::Exception& exception, std::string_view message,
                        std::string_view request_id) {
  const auto* names = names_of(name.service);
  const std::string service =
      !names ? upper_first(name.service) : std::string(name.optimised ? names->sdk1 : names->sdk2);
  if (name.optimised)
    return fmt::format("{} (Service: {}; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)", message,
                       service, exception.status, exception.code, request_id);
  return fmt::format("{} (Service: {}, Status Code: {}, Request ID: {}) (SDK Attempt Count: 1)", message, service,
                     exception.status, request_id);
}

}  // namespace tocsin::workflows
