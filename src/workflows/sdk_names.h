// Names that Step Functions gives to services, operations and their errors: those of the SDK for Java, version 2 for
// aws-sdk integrations and version 1 for the optimised ones. Private to the room.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "workflows/shapes.h"

namespace tocsin::workflows {

struct OperationName {
  std::string service;    // the signing name
  std::string operation;  // as the API has it: "PutEvents"
  bool optimised = false;
};

// Of "aws-sdk:sfn:startExecution" or "sns:publish"; empty names where it is neither.
OperationName operation_of(std::string_view integration);

// "DynamoDb.ResourceNotFoundException", "SNS.NotFoundException"; what the model does not have is the service's own
// exception: "DynamoDb.DynamoDbException", "SQS.AmazonSQSException".
std::string error_name(const OperationName& name, const Shapes::Exception& exception);
// "… (Service: DynamoDb, Status Code: 400, Request ID: …) (SDK Attempt Count: 1)", or version 1's wording.
std::string error_cause(const OperationName& name, const Shapes::Exception& exception, std::string_view message,
                        std::string_view request_id);

}  // namespace tocsin::workflows
