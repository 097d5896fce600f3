#include "findings/detail/columns.h"

#include <algorithm>

#include "asff/validate.h"
#include "digest/digest.h"

namespace tocsin::findings::detail {
namespace {

constexpr std::size_t id_bytes = 16;
constexpr std::size_t product_bytes = 8;

constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325u;
constexpr std::uint64_t fnv_prime = 0x100000001b3u;

std::uint64_t fnv1a(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
  return hash;
}

std::int64_t time_at(const json::object& finding, std::string_view member, std::int64_t otherwise) {
  const auto text = string_at(finding, member);
  if (text.empty()) return otherwise;
  const auto time = asff::parse_timestamp(text);
  return time ? to_microseconds(*time) : otherwise;
}

void add_types(const json::object& finding, Columns& columns) {
  const auto* types = finding.if_contains("Types");
  if (!types || !types->is_array()) return;
  const auto& list = types->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) continue;
    if (i == 0)
      columns.type = text_number(list[i].get_string());
    else
      columns.more_terms.push_back(term_number("Type", list[i].get_string()));
  }
}

void add_resources(const json::object& finding, Columns& columns) {
  const auto* resources = finding.if_contains("Resources");
  if (!resources || !resources->is_array()) return;
  const auto& list = resources->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_object()) continue;
    const auto id = string_at(list[i].get_object(), "Id");
    if (i == 0)
      columns.resource = text_number(id);
    else
      columns.more_terms.push_back(term_number("ResourceId", id));
  }
}

}  // namespace

std::int64_t text_number(std::string_view text) {
  return static_cast<std::int64_t>(fnv1a(fnv_offset, text));
}

std::int64_t term_number(std::string_view field, std::string_view text) {
  return static_cast<std::int64_t>(fnv1a(fnv1a(fnv1a(fnv_offset, field), "\n"), text));
}

std::string store_key_begin(std::string_view id) {
  return digest::sha256(id).substr(0, id_bytes);
}

std::string store_key(const asff::FindingKey& key) {
  return store_key_begin(key.id) + digest::sha256(key.product_arn).substr(0, product_bytes);
}

std::string store_key_end(std::string_view begin) {
  return std::string(begin) + std::string(product_bytes + 1, '\xff');
}

Columns columns_of(const json::object& finding) {
  Columns columns;
  columns.key = store_key(asff::key_of(finding));
  columns.label = code_of(labels, string_at(finding, "Severity.Label")).value_or(2);
  columns.workflow = code_of(workflows, string_at(finding, "Workflow.Status")).value_or(0);
  columns.record = code_of(record_states, string_at(finding, "RecordState")).value_or(0);
  columns.compliance = code_of(compliances, string_at(finding, "Compliance.Status")).value_or(0);
  columns.severity = integer_at(finding, "Severity.Normalized");
  columns.updated_at = time_at(finding, "UpdatedAt", 0);
  columns.created_at = time_at(finding, "CreatedAt", 0);
  columns.observed_at = time_at(finding, "LastObservedAt", no_time);
  columns.account = text_number(string_at(finding, "AwsAccountId"));
  columns.product = text_number(string_at(finding, "ProductArn"));
  columns.generator = text_number(string_at(finding, "GeneratorId"));
  add_types(finding, columns);
  add_resources(finding, columns);
  auto& terms = columns.more_terms;
  std::ranges::sort(terms);
  terms.erase(std::ranges::unique(terms).begin(), terms.end());
  return columns;
}

}  // namespace tocsin::findings::detail
