// GetItem, Scan and Query.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "containment/dynamodb_items.h"
#include "expression/value.h"

namespace tocsin::containment {
namespace {

constexpr std::size_t page_bytes_max = 1024 * 1024;
constexpr std::size_t rows_at_once = 500;

double read_units(std::size_t bytes, bool consistent) {
  const double blocks = std::ceil(static_cast<double>(std::max<std::size_t>(bytes, 1)) / 4096);
  return consistent ? blocks : blocks / 2;
}

json::object shown(const json::object& item, const Expressions& expressions) {
  return expressions.projection ? expressions.projection->apply(item) : item;
}

// Which of `total` segments a key is in.
std::int64_t segment_of(std::string_view host, std::int64_t total) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : host) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(total));
}

struct Page {
  json::array items;
  std::int64_t count = 0, scanned = 0;
  std::size_t bytes = 0;
  std::string last;  // key of the last row looked at, where there may be more
};

struct Segment {
  std::int64_t number = 0, total = 1;
};

Result<Segment> read_segment(const json::object& input) {
  const bool has_number = input.contains("Segment"), has_total = input.contains("TotalSegments");
  if (has_number != has_total)
    return invalid_request(has_number
                               ? "The TotalSegments parameter is required but was not present in the request when "
                                 "Segment parameter is present"
                               : "The Segment parameter is required but was not present in the request when "
                                 "parameter TotalSegments is present");
  const Segment segment{integer_at(input, "Segment", 0), integer_at(input, "TotalSegments", 1)};
  if (segment.total < 1 || segment.number < 0 || segment.number >= segment.total)
    return invalid_request(
        fmt::format("The Segment parameter is zero-based and must be less than parameter "
                    "TotalSegments: Segment: {} is not less than TotalSegments: {}",
                    segment.number, segment.total));
  return segment;
}

// Looks at rows after `after` until the page is full: `limit` rows, or 1 MB, before the filter.
Page read_page(store::Reader& reader, const BlockTables& tables, const json::object& input,
               const Expressions& expressions, const Segment& segment) {
  const auto limit = integer_at(input, "Limit", INT64_MAX);
  const bool counts_only = string_at(input, "Select") == "COUNT";
  std::string after;
  if (input.contains("ExclusiveStartKey")) after = *read_key(input, "ExclusiveStartKey");
  Page page;
  while (true) {
    const auto blocks = tables.list(reader, string_at(input, "TableName"), after, rows_at_once);
    for (const Block& block : blocks) {
      after = block.host;
      if (segment_of(block.host, segment.total) != segment.number) continue;
      if (page.scanned == limit || page.bytes >= page_bytes_max) return page;
      const auto item = to_item(block);
      page.bytes += expression::item_bytes(item);
      ++page.scanned;
      page.last = block.host;
      if (expressions.filter && !expressions.filter->holds(item)) continue;
      ++page.count;
      if (!counts_only) page.items.push_back(shown(item, expressions));
    }
    if (blocks.size() < rows_at_once) break;
  }
  // A page that is full to its limit names a last key even if nothing follows, as DynamoDB does.
  if (page.scanned < limit) page.last.clear();
  return page;
}

json::object answer_of(Page page, const json::object& input) {
  json::object answer{{"Count", page.count}, {"ScannedCount", page.scanned}};
  if (string_at(input, "Select") != "COUNT") answer["Items"] = std::move(page.items);
  if (!page.last.empty()) answer["LastEvaluatedKey"] = json::object{{key_attribute, expression::make_text(page.last)}};
  add_consumed(input, read_units(page.bytes, bool_at(input, "ConsistentRead")), answer);
  return answer;
}

// The host that "HostIp = :value" names. Error: ValidationException for every other key condition.
Result<std::string> key_of(const Expressions& expressions) {
  if (!expressions.key_condition)
    return invalid_request(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
        "request.");
  const auto& node = expressions.key_condition->root();
  const bool compares = node.kind == expression::Node::Kind::compare;
  if (!compares || node.comparison != expression::Comparison::equal)
    return invalid_request("Query key condition not supported");
  const auto& left = node.operands[0];
  const auto& right = node.operands[1];
  const bool forwards = left.kind == expression::Operand::Kind::path && right.kind == expression::Operand::Kind::value;
  if (!forwards) return invalid_request("Query key condition not supported");
  const auto* name = left.path.size() == 1 ? std::get_if<std::string>(&left.path[0]) : nullptr;
  if (!name || *name != key_attribute)
    return invalid_request(fmt::format("Query condition missed key schema element: {}", key_attribute));
  const auto text = expression::text_of(right.value);
  if (!text)
    return invalid_request(
        "One or more parameter values were invalid: Condition parameter type does not match schema type");
  return std::string(*text);
}

}  // namespace

json::object get_item(store::Reader& reader, const BlockTables& tables, const json::object& input,
                      const Expressions& expressions, const std::string& host) {
  json::object answer;
  const auto block = tables.find(reader, string_at(input, "TableName"), host);
  std::size_t bytes = 0;
  if (block) {
    const auto item = to_item(*block);
    bytes = expression::item_bytes(item);
    answer["Item"] = shown(item, expressions);
  }
  add_consumed(input, read_units(bytes, bool_at(input, "ConsistentRead")), answer);
  return answer;
}

service::Answer scan(store::Reader& reader, const BlockTables& tables, const json::object& input) {
  if (auto table = tables.table(reader, string_at(input, "TableName")); !table) return pass_on(table);
  auto expressions = read_expressions(input);
  if (!expressions) return pass_on(expressions);
  auto segment = read_segment(input);
  if (!segment) return pass_on(segment);
  if (input.contains("ExclusiveStartKey")) {
    if (auto key = read_key(input, "ExclusiveStartKey"); !key)
      return invalid_request("The provided starting key is invalid: " + key.error().message);
  }
  if (integer_at(input, "Limit", 1) < 1)
    return invalid_request(
        "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have "
        "value greater than or equal to 1");
  return answer_of(read_page(reader, tables, input, *expressions, *segment), input);
}

service::Answer query(store::Reader& reader, const BlockTables& tables, const json::object& input) {
  if (auto table = tables.table(reader, string_at(input, "TableName")); !table) return pass_on(table);
  auto expressions = read_expressions(input);
  if (!expressions) return pass_on(expressions);
  auto host = key_of(*expressions);
  if (!host) return pass_on(host);
  Page page;
  const auto block = tables.find(reader, string_at(input, "TableName"), *host);
  // The one item of a key comes before any start key.
  if (block && !input.contains("ExclusiveStartKey")) {
    const auto item = to_item(*block);
    page.scanned = 1;
    page.bytes = expression::item_bytes(item);
    if (!expressions->filter || expressions->filter->holds(item)) {
      page.count = 1;
      page.items.push_back(shown(item, *expressions));
    }
  }
  return answer_of(std::move(page), input);
}

}  // namespace tocsin::containment
