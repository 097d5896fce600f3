#include "containment/dynamodb.h"

#include <algorithm>

#include <fmt/format.h>

#include "containment/dynamodb_items.h"
#include "core/time_format.h"

namespace tocsin::containment {
namespace {

constexpr std::int64_t tables_page_max = 100;

json::object describe(const Identity& identity, const Table& table, std::int64_t items, std::string_view status) {
  json::object description{
      {"TableName", table.name},
      {"TableStatus", status},
      {"CreationDateTime", format_rfc3339(table.created)},
      {"TableArn", identity.arn("dynamodb", "table/" + table.name)},
      {"TableId", table.id},
      {"ItemCount", items},
      {"TableSizeBytes", items * 256},  // DynamoDB's own figure is an estimate, too
      {"KeySchema", json::array{json::object{{"AttributeName", key_attribute}, {"KeyType", "HASH"}}}},
      {"AttributeDefinitions", json::array{json::object{{"AttributeName", key_attribute}, {"AttributeType", "S"}}}},
  };
  const auto mode = string_at(table.description, "BillingMode", "PROVISIONED");
  json::object throughput{{"NumberOfDecreasesToday", 0}, {"ReadCapacityUnits", 0}, {"WriteCapacityUnits", 0}};
  if (mode == "PAY_PER_REQUEST") {
    description["BillingModeSummary"] =
        json::object{{"BillingMode", mode}, {"LastUpdateToPayPerRequestDateTime", format_rfc3339(table.created)}};
  } else {
    for (const std::string_view units : {"ReadCapacityUnits", "WriteCapacityUnits"})
      throughput[units] = integer_at(table.description, fmt::format("ProvisionedThroughput.{}", units));
  }
  description["ProvisionedThroughput"] = std::move(throughput);
  return description;
}

Result<void> check_schema(const json::object& input) {
  const auto* schema = input.if_contains("KeySchema");
  const auto* keys = schema ? schema->if_array() : nullptr;
  const bool one_key = keys && keys->size() == 1 && (*keys)[0].is_object() &&
                       string_at((*keys)[0].get_object(), "AttributeName") == key_attribute &&
                       string_at((*keys)[0].get_object(), "KeyType") == "HASH";
  const auto* definitions = input.if_contains("AttributeDefinitions");
  const auto* attributes = definitions ? definitions->if_array() : nullptr;
  const bool is_text = attributes && attributes->size() == 1 && (*attributes)[0].is_object() &&
                       string_at((*attributes)[0].get_object(), "AttributeName") == key_attribute &&
                       string_at((*attributes)[0].get_object(), "AttributeType") == "S";
  const bool indexed = input.contains("GlobalSecondaryIndexes") || input.contains("LocalSecondaryIndexes");
  if (one_key && is_text && !indexed) return {};
  return invalid_request(fmt::format(
      "Tocsin keeps block tables only: their one key is {} (HASH, type S), without indexes", key_attribute));
}

service::Answer create_table(const Identity& identity, store::Transaction& transaction, BlockTables& tables,
                             const json::object& input) {
  const auto name = string_at(input, "TableName");
  if (name.size() < 3 || name.size() > 255)
    return invalid_request("TableName must be at least 3 characters long and at most 255 characters long");
  if (auto fits = check_schema(input); !fits) return pass_on(fits);
  json::object description;
  for (const std::string_view member : {"BillingMode", "ProvisionedThroughput", "Tags"}) {
    if (const auto* value = input.if_contains(member)) description[member] = *value;
  }
  auto table = tables.create(transaction, name, std::move(description));
  if (!table) return pass_on(table);
  return json::object{{"TableDescription", describe(identity, *table, 0, "ACTIVE")}};
}

service::Answer delete_table(const Identity& identity, store::Transaction& transaction, Containment& containment,
                             const json::object& input) {
  auto& tables = containment.tables();
  auto table = tables.table(transaction, string_at(input, "TableName"));
  if (!table) return pass_on(table);
  // Without the table nobody could say why an address is blocked, or unblock it: its blocks end with it.
  containment.release(transaction, tables.list(transaction, table->name));
  tables.remove_table(transaction, table->name);
  return json::object{{"TableDescription", describe(identity, *table, 0, "DELETING")}};
}

service::Answer list_tables(store::Reader& reader, const BlockTables& tables, const json::object& input) {
  const auto limit = std::clamp<std::int64_t>(integer_at(input, "Limit", tables_page_max), 1, tables_page_max);
  auto names = tables.tables(reader, string_at(input, "ExclusiveStartTableName"), static_cast<std::size_t>(limit) + 1);
  json::object answer;
  if (std::ssize(names) > limit) {
    names.pop_back();
    answer["LastEvaluatedTableName"] = names.back();
  }
  answer["TableNames"] = json::array(names.begin(), names.end());
  return answer;
}

service::Answer get(store::Reader& reader, const BlockTables& tables, const json::object& input) {
  if (auto table = tables.table(reader, string_at(input, "TableName")); !table) return pass_on(table);
  auto expressions = read_expressions(input);
  if (!expressions) return pass_on(expressions);
  auto host = read_key(input, "Key");
  if (!host) return pass_on(host);
  return get_item(reader, tables, input, *expressions, *host);
}

}  // namespace

service::Service dynamodb(const Identity& identity, Containment& containment) {
  using service::Call;
  using service::Read;
  using service::Write;
  using store::Lane;
  auto* all = &containment;
  auto* tables = &containment.tables();
  const auto read = [tables](auto function) {
    return Read{
        [tables, function](store::Reader& reader, const Call& call) { return function(reader, *tables, call.input); }};
  };
  const auto write = [all](auto function) {
    return Write{[all, function](store::Transaction& transaction, const Call& call) {
      return function(transaction, *all, call);
    }};
  };
  const auto describe_table = [identity](store::Reader& reader, const BlockTables& known,
                                         const json::object& input) -> service::Answer {
    auto table = known.table(reader, string_at(input, "TableName"));
    if (!table) return pass_on(table);
    return json::object{{"Table", describe(identity, *table, known.count(reader, table->name), "ACTIVE")}};
  };
  return {"dynamodb",
          {{"CreateTable", Write{[identity, tables](store::Transaction& transaction, const Call& call) {
              return create_table(identity, transaction, *tables, call.input);
            }}},
           {"DeleteTable", Write{[identity, all](store::Transaction& transaction, const Call& call) {
              return delete_table(identity, transaction, *all, call.input);
            }}},
           {"DescribeTable", read(describe_table)},
           {"ListTables", read(list_tables)},
           {"GetItem", read(get)},
           {"Scan", read(scan)},
           {"Query", read(query)},
           {"PutItem", write(put_item), Lane::containment},
           {"UpdateItem", write(update_item), Lane::containment},
           {"DeleteItem", write(delete_item), Lane::containment}}};
}

}  // namespace tocsin::containment
