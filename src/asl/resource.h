// A Task's Resource, taken apart: the one place that knows how the ARNs of integrations are written.
#pragma once

#include <optional>
#include <string_view>

#include "asl/asl.h"

namespace tocsin::asl {

enum class ResourceKind {
  lambda,    // a function's ARN
  activity,  // an activity's
  service,   // "arn:<partition>:states:::SERVICE:ACTION", "…:::aws-sdk:SERVICE:ACTION"
  other      // another service's ARN
};

// Refers to the text that it was read from.
struct Resource {
  ResourceKind kind = ResourceKind::other;
  std::string_view partition;  // "aws", "aws-cn", "aws-us-gov"
  // Of services, the same in every partition and with every suffix: "sqs:sendMessage", "aws-sdk:sfn:startExecution".
  // Else what follows the account in the ARN.
  std::string_view name;
  // "sqs", "aws-sdk:sfn", and "sendMessage.waitForTaskToken": as TaskScheduled shows them. Empty for functions and
  // activities.
  std::string_view service, action;
  std::string_view suffix;  // ".sync", ".sync:2", ".waitForTaskToken"; or none
  Integration integration = Integration::request_response;
  // .sync:2: the job's input and output are documents, not text.
  bool gives_documents() const { return suffix == ".sync:2"; }
};

// Nothing, where the text is no ARN, or an integration that is not written as one is.
std::optional<Resource> parse_resource(std::string_view resource);

// Of "sqs:sendMessage", "http:invoke": whether `resource` is that integration, with whatever suffix and partition.
bool is_integration(std::string_view resource, std::string_view name);

}  // namespace tocsin::asl
