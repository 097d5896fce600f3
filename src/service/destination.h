// Things that an ARN names and that take a message: queues, topics, functions, state machines. The bus delivers to
// rule targets, a topic to its queues, and the outbox to dead-letter queues, all through this one port.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"
#include "store/transaction.h"

namespace tocsin::service {

struct Message {
  std::string_view body;              // JSON or text
  json::object attributes = {};       // SQS's shape: name → {"DataType":…, "StringValue":… | "BinaryValue":…}
  std::string group_id = {};          // FIFO queues and topics only
  std::string deduplication_id = {};  // FIFO queues and topics only
  std::string subject = {};           // topics only
  std::string idempotency_key = {};   // the same over all tries
};

class Destination {
 public:
  virtual ~Destination() = default;
  // Takes the message inside the caller's change. Error: not_found, validation (both final), else it is worth a retry.
  virtual Result<void> deliver(store::Transaction& transaction, const std::string& arn, const Message& message) = 0;
};

// Finds the destination by the service in the ARN: "sqs", "sns", "lambda", "states", "logs".
class Destinations {
 public:
  void add(std::string service, Destination& destination);
  bool knows(std::string_view arn) const;
  // Error: validation if no destination takes such ARNs, else the destination's own.
  Result<void> deliver(store::Transaction& transaction, const std::string& arn, const Message& message) const;

 private:
  std::map<std::string, Destination*, std::less<>> by_service_;
};

}  // namespace tocsin::service
