#include "webhook/detail/digest.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/json.h"

namespace tocsin::webhook {
namespace {

constexpr std::size_t types_max = 50;  // what comes after them is counted together
constexpr std::size_t types_shown = 8;
constexpr std::size_t kept_max = 40;           // of urgent ones all of them are shown
constexpr std::size_t shown_bytes_max = 3000;  // longer attachments are folded away by Slack
constexpr std::size_t shown_max = 8;
constexpr std::string_view other_types = "others";
constexpr std::array<std::string_view, 5> severities{"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"};

// Slack's three control characters. Source: Slack, "Formatting text for app surfaces".
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else
      safe += c;
  }
  return safe;
}

// Messages without a severity are about what was done; they stand first.
std::size_t rank_of(const json::object& subject) {
  const auto severity = string_at(subject, "severity");
  if (severity.empty()) return 0;
  return 1 + static_cast<std::size_t>(std::ranges::find(severities, severity) - severities.begin());
}

void count(json::object& gathered, std::string_view member, std::string_view name) {
  auto& counts = gathered[member].is_object() ? gathered[member].get_object() : gathered[member].emplace_object();
  if (!counts.contains(name) && counts.size() >= types_max) name = other_types;
  counts[name] = integer_at(counts, name) + 1;
}

// Sorted by rank; among equals the earlier one stays first.
void keep(json::array& kept, json::object subject) {
  const auto rank = rank_of(subject);
  const auto place =
      std::ranges::find_if(kept, [&](const json::value& one) { return rank_of(one.get_object()) > rank; });
  if (place == kept.end() && kept.size() >= kept_max) return;
  kept.insert(place, std::move(subject));
  if (kept.size() > kept_max) kept.pop_back();
}

// Names with their counts, the highest first.
std::string counts_text(const json::object& gathered, std::string_view member, std::size_t shown) {
  std::vector<std::pair<std::int64_t, std::string_view>> list;
  if (const auto* counts = gathered.if_contains(member); counts && counts->is_object())
    for (const auto& [name, value] : counts->get_object())
      if (value.is_int64()) list.emplace_back(value.get_int64(), name);
  std::ranges::stable_sort(list, std::ranges::greater{}, [](const auto& one) { return one.first; });
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, list.size()); ++i)
    text += fmt::format("{}{} × {}", i == 0 ? "" : ", ", list[i].first, list[i].second);
  if (list.size() > shown) text += fmt::format(", and {} more", list.size() - shown);
  return text;
}

std::string list_text(const json::array& kept, std::size_t shown) {
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, kept.size()); ++i) {
    const auto& subject = kept[i].get_object();
    const auto severity = string_at(subject, "severity");
    const auto id = string_at(subject, "id");
    std::string line = fmt::format("• {}{}{}{}", severity, severity.empty() ? "" : "  ", string_at(subject, "title"),
                                   id.empty() ? "" : fmt::format("  ({})", id));
    if (text.size() + line.size() > shown_bytes_max) break;
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

// What shows all of them.
std::string commands_for(const json::object& gathered) {
  std::string commands;
  const auto* counts = gathered.if_contains("severity");
  std::string named;
  for (const auto severity : severities)
    if (counts && counts->is_object() && counts->get_object().contains(severity))
      named += fmt::format(" --severity {}", severity);
  if (!named.empty()) commands = "tocsin findings --limit 500" + named;
  if (bool_at(gathered, "actions")) commands += commands.empty() ? "tocsin blocks" : "; tocsin blocks";
  return commands.empty() ? "tocsin findings --limit 500" : commands;
}

}  // namespace

std::string fold_summaries(std::string_view so_far, const std::vector<std::string>& summaries) {
  json::object gathered = parse_json_object(so_far).value_or(json::object{});
  json::array kept;
  if (auto* list = gathered.if_contains("kept"); list && list->is_array()) kept = std::move(list->get_array());
  for (const auto& text : summaries) {
    json::object subject = parse_json_object(text).value_or(json::object{{"type", other_types}, {"title", "?"}});
    if (const auto severity = string_at(subject, "severity"); severity.empty())
      gathered["actions"] = true;
    else
      count(gathered, "severity", severity);
    count(gathered, "type", string_at(subject, "type", other_types));
    keep(kept, std::move(subject));
  }
  gathered["count"] = integer_at(gathered, "count") + static_cast<std::int64_t>(summaries.size());
  gathered["kept"] = std::move(kept);
  return to_json(gathered);
}

std::pair<std::string, std::string> compose_digest(std::string_view so_far, const store::Delivery& first) {
  const json::object gathered = parse_json_object(so_far).value_or(json::object{});
  const auto* list = gathered.if_contains("kept");
  const json::array none;
  const json::array& kept = list && list->is_array() ? list->get_array() : none;
  const bool is_urgent = first.lane <= store::Lane::alert;
  const std::string title =
      fmt::format("{} {} in one", integer_at(gathered, "count"), is_urgent ? "urgent messages" : "messages");
  json::array fields;
  const auto field = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) fields.push_back({{"title", name}, {"value", escaped(text)}, {"short", false}});
  };
  field("By severity", counts_text(gathered, "severity", types_shown));
  field("By type", counts_text(gathered, "type", types_shown));
  field("See all of them", commands_for(gathered));
  json::object attachment{{"color", is_urgent ? "#8b0000" : "#d00000"},
                          {"fallback", escaped(title)},
                          {"text", escaped(list_text(kept, is_urgent ? kept_max : shown_max))},
                          {"fields", std::move(fields)}};
  const json::object body{{"text", escaped(title + ": " + counts_text(gathered, "type", 3))},
                          {"attachments", json::array{std::move(attachment)}}};
  json::object context = parse_json_object(first.context).value_or(json::object{});
  context.erase("announced");  // what is in the digest remembers its own
  context.erase("subscription");
  return {to_json(body), to_json(context)};
}

}  // namespace tocsin::webhook
