#include "containment/entries.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace tocsin::containment {
namespace {

using Addresses = std::vector<std::string>;  // sorted

json::object* attributes_of(json::object& rule) {
  auto* definition = rule.if_contains("RuleDefinition");
  auto* attributes =
      definition && definition->is_object() ? definition->get_object().if_contains("MatchAttributes") : nullptr;
  return attributes ? attributes->if_object() : nullptr;
}

bool is_side(std::string_view member) {
  return member == "Sources" || member == "Destinations";
}

Addresses stored(store::Reader& reader, std::string_view arn, std::int64_t priority) {
  Addresses addresses;
  auto rows = reader.query("SELECT address FROM containment_entry WHERE arn = ? AND priority = ?", arn, priority);
  while (rows.next()) addresses.push_back(rows.string(0));
  std::ranges::sort(addresses);  // as bytes, whatever the database's collation
  return addresses;
}

// The addresses of a list that is nothing but addresses, each once.
std::optional<Addresses> plain_list(const json::value& list) {
  if (!list.is_array()) return std::nullopt;
  Addresses addresses;
  for (const auto& definition : list.get_array()) {
    const auto* object = definition.if_object();
    const auto* text = object && object->size() == 1 ? object->if_contains("AddressDefinition") : nullptr;
    if (!text || !text->is_string()) return std::nullopt;
    addresses.emplace_back(std::string_view(text->get_string()));
  }
  std::ranges::sort(addresses);
  if (std::ranges::adjacent_find(addresses) != addresses.end()) return std::nullopt;
  return addresses;
}

void replace(store::Transaction& transaction, std::string_view arn, std::int64_t priority, const Addresses& wanted) {
  const Addresses there = stored(transaction, arn, priority);
  Addresses gone, fresh;
  std::ranges::set_difference(there, wanted, std::back_inserter(gone));
  std::ranges::set_difference(wanted, there, std::back_inserter(fresh));
  for (const auto& address : gone)
    transaction.execute("DELETE FROM containment_entry WHERE arn = ? AND priority = ? AND address = ?", arn, priority,
                        address);
  for (const auto& address : fresh) add_entry(transaction, arn, {&priority, 1}, address);
}

// Moves the one list of a rule's attributes into rows. False: it stays in the document.
bool move_to_rows(store::Transaction& transaction, std::string_view arn, std::int64_t priority, json::object& rule) {
  auto* attributes = attributes_of(rule);
  if (!attributes || attributes->size() != 1 || !is_side(attributes->begin()->key())) return false;
  const auto addresses = plain_list(attributes->begin()->value());
  if (!addresses) return false;
  replace(transaction, arn, priority, *addresses);
  attributes->begin()->value() = in_rows;
  return true;
}

}  // namespace

void fill_in_entries(store::Reader& reader, std::string_view arn, json::object& document) {
  auto* rules = stateless_rules(document);
  if (!rules) return;
  for (auto& rule : *rules) {
    auto* attributes = rule.is_object() ? attributes_of(rule.get_object()) : nullptr;
    if (!attributes) continue;
    for (auto& [side, list] : *attributes) {
      if (!list.is_string() || list.get_string() != in_rows) continue;
      json::array definitions;
      for (const auto& address : stored(reader, arn, integer_at(rule.get_object(), "Priority")))
        definitions.push_back(json::object{{"AddressDefinition", address}});
      list = std::move(definitions);
    }
  }
}

std::string write_entries(store::Transaction& transaction, const RuleGroup& group) {
  json::object document = group.document;
  std::vector<std::int64_t> kept;
  if (auto* rules = stateless_rules(document)) {
    for (auto& rule : *rules) {
      auto& object = rule.get_object();
      const auto priority = integer_at(object, "Priority");
      if (std::ranges::find(group.managed, priority) != group.managed.end() &&
          move_to_rows(transaction, group.arn, priority, object))
        kept.push_back(priority);
    }
  }
  std::vector<std::int64_t> there;
  {
    auto rows = transaction.query("SELECT DISTINCT priority FROM containment_entry WHERE arn = ?", group.arn);
    while (rows.next()) there.push_back(rows.integer(0));
  }
  for (const auto priority : there)
    if (std::ranges::find(kept, priority) == kept.end())
      transaction.execute("DELETE FROM containment_entry WHERE arn = ? AND priority = ?", group.arn, priority);
  return to_json(document);
}

void remove_entries(store::Transaction& transaction, std::string_view arn) {
  transaction.execute("DELETE FROM containment_entry WHERE arn = ?", arn);
}

std::int64_t add_entry(store::Transaction& transaction, std::string_view arn, std::span<const std::int64_t> priorities,
                       std::string_view address) {
  std::int64_t added = 0;
  for (const auto priority : priorities)
    added += transaction.execute(
        "INSERT INTO containment_entry (arn, priority, address) VALUES (?,?,?) ON CONFLICT (arn, priority, address) DO "
        "NOTHING",
        arn, priority, address);
  return added;
}

bool has_entry(store::Reader& reader, std::string_view arn, std::span<const std::int64_t> priorities,
               std::string_view address) {
  return std::ranges::all_of(priorities, [&](std::int64_t priority) {
    return reader.exists("SELECT 1 FROM containment_entry WHERE arn = ? AND priority = ? AND address = ?", arn,
                         priority, address);
  });
}

}  // namespace tocsin::containment
