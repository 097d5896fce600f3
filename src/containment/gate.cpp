#include "containment/gate.h"

#include <fmt/format.h>

#include "containment/range_key.h"
#include "core/time_format.h"
#include "netset/special.h"

namespace tocsin::containment {
namespace {

std::string key_of(const netset::Address& address) {
  return fmt::format("{}{:016x}{:016x}", address.family == netset::Family::ipv4 ? '4' : '6',
                     static_cast<std::uint64_t>(address.bits >> 64), static_cast<std::uint64_t>(address.bits));
}

std::string name_of(const netset::Prefix& prefix) {
  return netset::to_short_text(prefix);
}

}  // namespace

RangeKey range_key(const netset::Prefix& prefix) {
  return {key_of(prefix.first()), key_of(prefix.last())};
}

Result<netset::Set> parse_ranges(const std::vector<std::string>& texts) {
  netset::Set set;
  for (const auto& text : texts) {
    auto prefix = netset::parse_prefix(text);
    if (!prefix) return pass_on(prefix);
    set.insert(*prefix);
  }
  return set;
}

int Gate::length_min(const netset::Prefix& prefix) const {
  return prefix.family() == netset::Family::ipv4 ? settings_.ipv4_length_min : settings_.ipv6_length_min;
}

std::optional<Refusal> Gate::judge(store::Reader& reader, const netset::Prefix& prefix, Intent intent) const {
  if (prefix.length < length_min(prefix))
    return Refusal{"TooWide", fmt::format("{} is wider than /{}, the widest prefix that may be blocked",
                                          name_of(prefix), length_min(prefix))};
  if (auto refusal = special_refusal(prefix)) return refusal;
  if (auto refusal = judge_protected(reader, prefix)) return refusal;
  if (intent == Intent::automatic) return held_refusal(reader, prefix);
  return std::nullopt;
}

std::optional<Refusal> Gate::judge(store::Reader& reader, std::string_view text, Intent intent) const {
  const auto prefix = netset::parse_prefix(text);
  if (!prefix) return Refusal{"InvalidAddress", prefix.error().message};
  return judge(reader, *prefix, intent);
}

std::optional<Refusal> Gate::judge_protected(store::Reader& reader, const netset::Prefix& prefix) const {
  if (auto refusal = own_refusal(reader, prefix)) return refusal;
  return listed_refusal(reader, prefix);
}

std::optional<Refusal> Gate::special_refusal(const netset::Prefix& prefix) const {
  const netset::Special* special = netset::special_of(prefix);
  if (!special) return std::nullopt;
  const bool documentation = special->scope == netset::Scope::documentation && special->prefix.contains(prefix);
  if (documentation && settings_.documentation_blockable) return std::nullopt;
  return Refusal{"SpecialPurpose", fmt::format("{} lies in {} ({}), which is never blocked", name_of(prefix),
                                               netset::to_text(special->prefix), special->name)};
}

std::optional<Refusal> Gate::own_refusal(store::Reader& reader, const netset::Prefix& prefix) const {
  const auto refused = [&] {
    return Refusal{"OwnAddress",
                   fmt::format("{} is one of our own addresses, which are never blocked", name_of(prefix))};
  };
  if (settings_.own_addresses.overlaps(prefix)) return refused();
  if (!settings_.own_lookup) return std::nullopt;
  const auto more = settings_.own_lookup(reader);
  if (!more)
    return Refusal{"Undecided", fmt::format("{} is not blocked, because our own addresses can't be determined: {}",
                                            name_of(prefix), more.error().message)};
  if (more->overlaps(prefix)) return refused();
  return std::nullopt;
}

std::optional<Refusal> Gate::listed_refusal(store::Reader& reader, const netset::Prefix& prefix) const {
  const auto range = range_key(prefix);
  auto rows = reader.query(
      "SELECT prefix, reason FROM containment_never_block WHERE first_key <= ? AND last_key >= ? ORDER BY prefix LIMIT "
      "1",
      range.last, range.first);
  if (rows.next())
    return Refusal{"NeverBlock", fmt::format("{} is on the never-block list: {}{}{}", name_of(prefix), rows.text(0),
                                             rows.text(1).empty() ? "" : ", ", rows.text(1))};
  if (reader.failure())
    return Refusal{"Undecided",
                   fmt::format("{} is not blocked, because the never-block list can't be read", name_of(prefix))};
  return std::nullopt;
}

std::optional<Refusal> Gate::held_refusal(store::Reader& reader, const netset::Prefix& prefix) const {
  const auto range = range_key(prefix);
  auto rows = reader.query(
      "SELECT host, until_at, reason, actor FROM containment_hold WHERE first_key <= ? AND last_key >= ? AND until_at "
      "> ? "
      "ORDER BY until_at DESC LIMIT 1",
      range.last, range.first, reader.now());
  if (rows.next())
    return Refusal{"Held",
                   fmt::format("{} was unblocked by {} and is held until {}{}{}", rows.text(0), rows.text(3),
                               format_rfc3339_seconds(rows.time(1)), rows.text(2).empty() ? "" : ": ", rows.text(2))};
  if (reader.failure())
    return Refusal{"Undecided", fmt::format("{} is not blocked, because the holds can't be read", name_of(prefix))};
  return std::nullopt;
}

Gate::Screen Gate::screen(store::Reader& reader) const {
  Screen screen{*this};
  screen.protected_ = settings_.own_addresses;
  if (settings_.own_lookup) {
    const auto more = settings_.own_lookup(reader);
    if (!more) return screen;
    screen.protected_.insert(*more);
  }
  auto rows = reader.query("SELECT prefix FROM containment_never_block");
  while (rows.next()) {
    const auto prefix = netset::parse_prefix(rows.text(0));
    if (!prefix) return screen;
    screen.protected_.insert(*prefix);
  }
  screen.is_known_ = !reader.failure();
  return screen;
}

bool Gate::Screen::is_clear(const netset::Prefix& prefix) const {
  return is_known_ && prefix.length >= gate_.length_min(prefix) && !netset::special_of(prefix) &&
         !protected_.overlaps(prefix);
}

Result<netset::Set> Gate::never_blocked(store::Reader& reader) const {
  netset::Set all = settings_.own_addresses;
  if (settings_.own_lookup) {
    auto more = settings_.own_lookup(reader);
    if (!more) return fail(ErrorCode::unavailable, "our own addresses can't be determined: " + more.error().message);
    all.insert(*more);
  }
  for (const netset::Special& special : netset::special_ranges()) {
    const bool blockable = special.scope == netset::Scope::documentation && settings_.documentation_blockable;
    if (special.scope != netset::Scope::global && !blockable) all.insert(special.prefix);
  }
  for (const netset::Special& special : netset::special_ranges()) {
    const bool free = special.scope == netset::Scope::global;
    if (free && !settings_.own_addresses.overlaps(special.prefix)) all.erase(special.prefix);
  }
  auto rows = reader.query("SELECT prefix FROM containment_never_block");
  while (rows.next()) {
    const auto prefix = netset::parse_prefix(rows.text(0));
    if (!prefix) return fail(ErrorCode::corrupt, "the never-block list holds what is no prefix: " + rows.string(0));
    all.insert(*prefix);
  }
  if (reader.failure()) return fail(ErrorCode::unavailable, "the never-block list can't be read");
  return all;
}

bool Gate::add_never_block(store::Transaction& transaction, const netset::Prefix& prefix,
                           const NeverBlockEntry& entry) const {
  const auto text = netset::to_short_text(prefix);
  const auto range = range_key(prefix);
  const bool is_new = !transaction.exists("SELECT 1 FROM containment_never_block WHERE prefix = ?", text);
  transaction.execute(
      "INSERT INTO containment_never_block (prefix, first_key, last_key, reason, actor, source, added_at) VALUES "
      "(?,?,?,?,?,?,?) ON CONFLICT (prefix) DO UPDATE SET reason = excluded.reason, actor = excluded.actor, source = "
      "CASE WHEN containment_never_block.source = 'manual' THEN 'manual' ELSE excluded.source END",
      text, range.first, range.last, entry.reason, entry.actor, entry.source, transaction.now());
  return is_new;
}

bool Gate::remove_never_block(store::Transaction& transaction, const netset::Prefix& prefix) const {
  return transaction.execute("DELETE FROM containment_never_block WHERE prefix = ?", netset::to_short_text(prefix)) > 0;
}

std::vector<NeverBlockEntry> Gate::never_block_list(store::Reader& reader) const {
  std::vector<NeverBlockEntry> all;
  auto rows =
      reader.query("SELECT prefix, reason, actor, source, added_at FROM containment_never_block ORDER BY first_key");
  while (rows.next()) all.push_back({rows.string(0), rows.string(1), rows.string(2), rows.string(3), rows.time(4)});
  return all;
}

void Gate::hold(store::Transaction& transaction, const netset::Prefix& prefix, const Hold& hold) const {
  const auto range = range_key(prefix);
  transaction.execute("DELETE FROM containment_hold WHERE until_at <= ?", transaction.now());
  transaction.execute(
      "INSERT INTO containment_hold (host, first_key, last_key, since_at, until_at, reason, actor) VALUES "
      "(?,?,?,?,?,?,?) "
      "ON CONFLICT (host) DO UPDATE SET until_at = excluded.until_at, reason = excluded.reason, actor = excluded.actor",
      netset::to_short_text(prefix), range.first, range.last, transaction.now(), hold.until, hold.reason, hold.actor);
}

std::int64_t Gate::end_hold(store::Transaction& transaction, const netset::Prefix& prefix) const {
  const auto range = range_key(prefix);
  return transaction.execute("DELETE FROM containment_hold WHERE first_key <= ? AND last_key >= ?", range.last,
                             range.first);
}

std::vector<Hold> Gate::holds(store::Reader& reader) const {
  std::vector<Hold> all;
  auto rows = reader.query(
      "SELECT host, since_at, until_at, reason, actor FROM containment_hold WHERE until_at > ? ORDER BY first_key",
      reader.now());
  while (rows.next()) all.push_back({rows.string(0), rows.time(1), rows.time(2), rows.string(3), rows.string(4)});
  return all;
}

}  // namespace tocsin::containment
