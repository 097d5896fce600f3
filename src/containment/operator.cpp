// What a person on call does with addresses: block, unblock, hold, protect, unprotect.
#include <algorithm>

#include <fmt/format.h>

#include "containment/containment.h"
#include "core/time_format.h"

namespace tocsin::containment {
namespace {

using service::Answer;
using service::Call;
using store::Reader;
using store::Transaction;

template <class Rows>
json::array documents(const Rows& rows) {
  json::array list;
  for (const auto& row : rows) list.push_back(to_document(row));
  return list;
}

// The table that a person's block goes to: the one named, else the only one.
Result<std::string> table_of(const BlockTables& tables, Reader& reader, const Call& call) {
  if (const auto named = string_at(call.input, "Table"); !named.empty()) return std::string(named);
  const auto names = tables.tables(reader, "", 2);
  if (names.size() == 1) return names[0];
  return fail(ErrorCode::validation,
              names.empty() ? "there is no block table; load the stack ip-blocking"
                            : "there are several block tables; name one",
              "ValidationException", "Table");
}

Result<netset::Prefix> prefix_of(const Call& call) {
  auto prefix = netset::parse_prefix(string_at(call.input, "Address"));
  if (prefix) return prefix;
  return fail(ErrorCode::validation, prefix.error().message, "ValidationException", "Address");
}

std::size_t overlapping(Containment& containment, Reader& reader, const netset::Prefix& prefix) {
  const auto by_hand = containment.rule_groups().by_hand(reader);
  return containment.tables().overlapping(reader, prefix).size() +
         static_cast<std::size_t>(std::ranges::count_if(by_hand, [&](const DroppedByHand& dropped) {
           const auto there = netset::parse_prefix(dropped.address);
           return there && there->overlaps(prefix);
         }));
}

// A slip of the hand ("/1" for "/16") must not end the protection that blocking is.
Result<void> check_width(Containment& containment, Reader& reader, const Call& call, const netset::Prefix& prefix,
                         std::string_view what) {
  const int length_min = prefix.family() == netset::Family::ipv4 ? wide_ipv4 : wide_ipv6;
  if (prefix.length >= length_min || bool_at(call.input, "Force")) return {};
  return fail(
      ErrorCode::validation,
      fmt::format("{} is wider than /{}: it would lift {} current blocks, and nothing in it would be blocked {}; "
                  "nothing was changed. If that is meant, say so with Force ('--yes')",
                  netset::to_short_text(prefix), length_min, overlapping(containment, reader, prefix), what),
      "ValidationException", "Address");
}

Answer block_address(Containment& containment, const Containment::Enforce& enforce, Transaction& transaction,
                     const Call& call) {
  auto table = table_of(containment.tables(), transaction, call);
  if (!table) return pass_on(table);
  const std::string address{string_at(call.input, "Address")};
  auto outcome = containment.tables().block(transaction, {.table = *table,
                                                          .host = address,
                                                          .timestamp = format_rfc3339(transaction.now()),
                                                          .actor = call.caller.arn,
                                                          .reason = std::string(string_at(call.input, "Reason")),
                                                          .intent = Intent::manual});
  if (!outcome) return pass_on(outcome);
  if (outcome->refusal)
    return json::object{{"Refused",
                         {{"Address", address},
                          {"Code", outcome->refusal->code},
                          {"Reason", outcome->refusal->reason},
                          {"By", call.caller.arn}}}};
  if (enforce)
    if (auto enforced = enforce(transaction, {}); !enforced) return pass_on(enforced);
  const auto now = containment.tables().find(transaction, *table, outcome->block.host);
  return json::object{{"Block", to_document(now ? *now : outcome->block)}};
}

Answer unblock_address(Containment& containment, Transaction& transaction, const Call& call) {
  const auto prefix = prefix_of(call);
  if (!prefix) return std::unexpected(prefix.error());
  if (auto sane = check_width(containment, transaction, call, *prefix, "automatically for a while"); !sane)
    return pass_on(sane);
  if (!bool_at(call.input, "Hold") && overlapping(containment, transaction, *prefix) == 0)
    return fail(
        ErrorCode::not_found,
        fmt::format("{} is not blocked; nothing was changed. To keep it from being blocked automatically for {} "
                    "hours: tocsin blocks --hold {}",
                    netset::to_short_text(*prefix), containment.gate().settings().hold.count(),
                    netset::to_short_text(*prefix)),
        "ResourceNotFoundException");
  auto released = containment.unblock(transaction, string_at(call.input, "Address"), string_at(call.input, "Reason"),
                                      call.caller.arn);
  if (!released) return pass_on(released);
  return json::object{{"Released", documents(released->released)},
                      {"TakenOut", documents(released->taken_out)},
                      {"LeftIn", documents(released->left_in)},
                      {"HeldUntil", format_rfc3339(released->hold.until)}};
}

Answer protect_address(Containment& containment, Transaction& transaction, const Call& call) {
  const auto prefix = prefix_of(call);
  if (!prefix) return std::unexpected(prefix.error());
  if (auto sane = check_width(containment, transaction, call, *prefix, "any more"); !sane) return pass_on(sane);
  auto released = containment.never_block(transaction, string_at(call.input, "Address"),
                                          string_at(call.input, "Reason"), call.caller.arn);
  if (!released) return pass_on(released);
  return json::object{{"Released", documents(*released)}};
}

// What protects an entry again at the next start, and how that is changed; empty: nothing does.
std::string comes_back(const NeverBlockEntry& entry) {
  if (entry.source == "resolver") return "set containment.protect_public_resolvers = false";
  if (entry.source == "machine") return "set containment.protect_this_machine = false";
  if (entry.source == "configuration") return "take it out of containment.never_block";
  return {};
}

Answer unprotect_address(Containment& containment, Transaction& transaction, const Call& call) {
  const auto prefix = prefix_of(call);
  if (!prefix) return std::unexpected(prefix.error());
  const std::string text = netset::to_short_text(*prefix);
  const auto entries = containment.gate().never_block_list(transaction);
  const auto entry = std::ranges::find(entries, text, &NeverBlockEntry::prefix);
  if (entry == entries.end()) {
    std::string why = fmt::format("{} is not on the never-block list", text);
    for (const auto& other : entries)
      if (netset::parse_prefix(other.prefix)->overlaps(*prefix))
        why += fmt::format("; {} is ({})", other.prefix, other.source);
    if (const auto refusal = containment.gate().judge(transaction, *prefix, Intent::manual);
        refusal && (refusal->code == "OwnAddress" || refusal->code == "SpecialPurpose"))
      why += "; " + refusal->reason;
    return fail(ErrorCode::not_found, std::move(why), "ResourceNotFoundException");
  }
  const std::string how = comes_back(*entry);
  if (auto removed = containment.remove_never_block(transaction, text); !removed) return pass_on(removed);
  json::object answer{{"Released", json::array{}}};
  if (!how.empty())
    answer["ProtectedAgain"] = fmt::format(
        "{} is protected by default ({}, '{}') and will be again after the next start of the server; to end that, {} "
        "in "
        "the configuration",
        text, entry->reason, entry->source, how);
  return answer;
}

}  // namespace

std::vector<service::Operation> Containment::operator_operations() {
  using service::Read;
  using service::Write;
  constexpr auto lane = store::Lane::containment;
  return {
      {"ListBlocks", Read{[this](Reader& r, const Call&) -> Answer { return report(r); }}},
      {"BlockAddress", Write{[this](Transaction& t, const Call& c) { return block_address(*this, enforce_, t, c); }},
       lane},
      {"UnblockAddress", Write{[this](Transaction& t, const Call& c) { return unblock_address(*this, t, c); }}, lane},
      {"ProtectAddress", Write{[this](Transaction& t, const Call& c) { return protect_address(*this, t, c); }}, lane},
      {"UnprotectAddress", Write{[this](Transaction& t, const Call& c) { return unprotect_address(*this, t, c); }},
       lane},
  };
}

}  // namespace tocsin::containment
