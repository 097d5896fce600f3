// The addresses of the rules that hold blocks: one row an address and rule, so that one more block is one more row, not
// another document. A rule group's stored document says `in_rows` where they stand. Inside this folder only.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "containment/rule_groups.h"

namespace tocsin::containment {

// In place of a list of addresses; no request can bring it, as a list is wanted there.
inline constexpr std::string_view in_rows = "rows";

// Puts the addresses in where the document says that they are rows.
void fill_in_entries(store::Reader& reader, std::string_view arn, json::object& document);

// The group's document as it is stored: the lists of the rules in `managed` are rows, where they are nothing but
// addresses, each once; the rows become what the document says, and only those that differ are written.
std::string write_entries(store::Transaction& transaction, const RuleGroup& group);

void remove_entries(store::Transaction& transaction, std::string_view arn);

// Adds one address to each of these rules. Returns how many rows there are more.
std::int64_t add_entry(store::Transaction& transaction, std::string_view arn, std::span<const std::int64_t> priorities,
                       std::string_view address);
// Whether each of these rules has it.
bool has_entry(store::Reader& reader, std::string_view arn, std::span<const std::int64_t> priorities,
               std::string_view address);

}  // namespace tocsin::containment
