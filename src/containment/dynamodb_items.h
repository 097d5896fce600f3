// What the operations on items share. Inside this folder only.
#pragma once

#include "containment/dynamodb.h"
#include "expression/expression.h"

namespace tocsin::containment {

std::unexpected<Error> invalid_request(std::string message);

// The expressions of one request.
struct Expressions {
  expression::Substitutions substitutions;
  std::optional<expression::Condition> condition, filter, key_condition;
  std::optional<expression::Projection> projection;
  std::optional<expression::Update> update;
};
// Error: ValidationException, also for members of DynamoDB's older interface (Expected, ScanFilter …).
Result<Expressions> read_expressions(const json::object& input);

// The host that a key names. Error: ValidationException.
Result<std::string> read_key(const json::object& input, std::string_view member);

// The block that an item asks for. Error: ValidationException.
Result<BlockRequest> read_item(json::object item, const Settings& settings);

// Adds ConsumedCapacity where the request asks for it.
void add_consumed(const json::object& input, double units, json::object& answer);

json::object get_item(store::Reader& reader, const BlockTables& tables, const json::object& input,
                      const Expressions& expressions, const std::string& host);
service::Answer put_item(store::Transaction& transaction, Containment& containment, const service::Call& call);
service::Answer update_item(store::Transaction& transaction, Containment& containment, const service::Call& call);
service::Answer delete_item(store::Transaction& transaction, Containment& containment, const service::Call& call);
service::Answer scan(store::Reader& reader, const BlockTables& tables, const json::object& input);
service::Answer query(store::Reader& reader, const BlockTables& tables, const json::object& input);

}  // namespace tocsin::containment
