// Bringing a rule group up to a table that has grown: what is new is added, the rest of either is not looked at.
#include <algorithm>

#include <fmt/format.h>

#include "containment/containment.h"
#include "containment/entries.h"

namespace tocsin::containment {
namespace {

// More at once are for an update of the whole.
constexpr std::size_t additions_max = 500;

struct Held {
  std::string token;
  std::int64_t entries = 0, capacity = 0, consumed = 0;
};

// What the rule group holds, where nobody has changed it since it was made to hold all that the table wants, an entry
// an address.
std::optional<Held> held_exactly(store::Reader& reader, const Enforcing& what) {
  auto rows = reader.query(
      "SELECT g.token, e.entries, g.capacity, g.consumed FROM containment_enforced e JOIN containment_rule_group g ON "
      "g.arn = e.arn AND g.token = e.token WHERE e.arn = ? AND e.table_name = ? AND e.settings = ? AND e.is_exact = 1 "
      "AND NOT EXISTS (SELECT 1 FROM containment_rule_group o WHERE o.arn <> g.arn AND o.managed <> '[]')",
      what.rule_group_arn, what.table, what.settings);
  if (!rows.next()) return std::nullopt;
  return Held{rows.string(0), rows.integer(1), rows.integer(2), rows.integer(3)};
}

// How long a rule group without room is not tried again.
constexpr std::chrono::seconds full_for{10};

std::string token_of(store::Reader& reader, std::string_view rule_group_arn) {
  auto rows = reader.query("SELECT token FROM containment_rule_group WHERE arn = ?", rule_group_arn);
  return rows.next() ? rows.string(0) : std::string();
}

}  // namespace

Result<std::optional<std::int64_t>> Containment::enforce_new(store::Transaction& transaction, const Enforcing& what) {
  constexpr std::optional<std::int64_t> the_whole;
  auto held = held_exactly(transaction, what);
  // With no entries there are placeholders, which would have to go.
  if (!held || held->entries == 0 || tables_.has_leaving(transaction, what.table)) return the_whole;
  const auto added = tables_.unconfirmed(transaction, what.table, additions_max + 1);
  const auto units = static_cast<std::int64_t>(what.priorities.size() * added.size());
  if (added.size() > additions_max || held->consumed + units > held->capacity) return the_whole;
  for (const auto& prefix : added)
    if (gate_.judge(transaction, prefix, Intent::manual)) return the_whole;  // which releases it, and says why
  for (const auto& prefix : added) {
    const auto address = netset::to_text(prefix);
    const auto rows = add_entry(transaction, what.rule_group_arn, what.priorities, address);
    held->consumed += rows;
    if (rows > 0) ++held->entries;
    if (!has_entry(transaction, what.rule_group_arn, what.priorities, address))
      return fail(ErrorCode::unavailable,
                  fmt::format("the rule group took the update, but does not hold {} after it", address), "NotEnforced");
    tables_.confirm_one(transaction, what.table, prefix);
  }
  transaction.execute("UPDATE containment_rule_group SET token = ?, consumed = ?, modified_at = ? WHERE arn = ?",
                      make_uuid(transaction.random()), held->consumed, transaction.now(), what.rule_group_arn);
  tables_.remember_enforced(transaction, what, held->entries, true);
  return std::optional{held->entries};
}

void Containment::remember_full(store::Transaction& transaction, const Enforcing& what, const Error& error) {
  full_ = Full{what, token_of(transaction, what.rule_group_arn), transaction.now() + full_for, error};
}

std::optional<Error> Containment::full(store::Transaction& transaction, const Enforcing& what) const {
  if (!full_ || transaction.now() >= full_->until || full_->what.table != what.table ||
      full_->what.rule_group_arn != what.rule_group_arn || full_->what.settings != what.settings ||
      full_->token != token_of(transaction, what.rule_group_arn) || tables_.has_leaving(transaction, what.table))
    return std::nullopt;
  return full_->error;
}

}  // namespace tocsin::containment
