#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "rules/room.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t entries_max = 10;
constexpr std::size_t entries_bytes_max = 256u << 10;
constexpr std::size_t time_bytes = 14;  // what EventBridge counts for a given Time

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto from = text.find_first_not_of(space);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(space) + 1 - from);
}

// Source: EventBridge user guide, "Calculating PutEvents event entry size".
std::size_t entry_bytes(const json::object& entry) {
  std::size_t bytes = entry.contains("Time") ? time_bytes : 0;
  for (const std::string_view member : {"Source", "DetailType", "Detail"}) bytes += string_at(entry, member).size();
  if (const auto* resources = entry.if_contains("Resources"); resources && resources->is_array())
    for (const auto& resource : resources->as_array())
      if (resource.is_string()) bytes += resource.as_string().size();
  return bytes;
}

std::unexpected<Error> missing(std::string_view member) {
  return fail(ErrorCode::validation,
              fmt::format("Parameter {} is not valid. Reason: {} is a required argument.", member, member),
              "InvalidArgument", std::string(member));
}

bool carries_findings(std::string_view source) {
  return source == "aws.securityhub" || source == "aws.guardduty";
}

// Names the findings of an event and their state, where the event reports a state. Nothing for other events: a custom
// action is somebody's wish, and counts each time.
std::optional<std::string> findings_of(const json::object& event) {
  const std::string_view type = string_at(event, "detail-type");
  std::string text;
  if (type == "Security Hub Findings - Imported") {
    const auto* findings = find(event, "detail.findings");
    if (!findings || !findings->is_array() || findings->as_array().empty()) return std::nullopt;
    for (const auto& finding : findings->as_array())
      if (const auto* object = finding.if_object())
        text += fmt::format("{}\n{}\n{}\n", string_at(*object, "ProductArn"), string_at(*object, "Id"),
                            string_at(*object, "UpdatedAt"));
  } else if (type == "GuardDuty Finding") {
    text = fmt::format("{}\n{}\n{}\n{}", string_at(event, "detail.arn"), string_at(event, "detail.id"),
                       string_at(event, "detail.updatedAt"), integer_at(event, "detail.service.count"));
  } else {
    return std::nullopt;
  }
  return digest::sha256_hex(text);
}

}  // namespace

service::Answer Rules::Room::put_events(store::Transaction& transaction, const service::Call& call) {
  const auto* value = call.input.if_contains("Entries");
  const auto* entries = value ? value->if_array() : nullptr;
  if (!entries || entries->empty() || entries->size() > entries_max)
    return invalid("Parameter Entries is not valid. Reason: 1 to 10 entries.", "Entries");
  std::size_t bytes = 0;
  for (const auto& entry : *entries) {
    if (!entry.is_object()) return invalid("Parameter Entries is not valid.", "Entries");
    bytes += entry_bytes(entry.as_object());
  }
  if (bytes > entries_bytes_max)
    return invalid("Total size of the entries in the request is over the limit.", "Entries");

  json::array results;
  std::int64_t failed = 0;
  for (const auto& entry : *entries) {
    auto result = transaction.attempt([&] { return put_entry(transaction, call, entry.as_object()); });
    if (!result) {
      ++failed;
      const Error& error = result.error();
      results.push_back(json::object{{"ErrorCode", error.aws_code.empty() ? "InternalFailure" : error.aws_code},
                                     {"ErrorMessage", error.message}});
    } else {
      results.push_back(std::move(*result));
    }
  }
  return json::object{{"FailedEntryCount", failed}, {"Entries", std::move(results)}};
}

Result<json::object> Rules::Room::put_entry(store::Transaction& transaction, const service::Call& call,
                                            const json::object& entry) {
  const std::string_view source = string_at(entry, "Source"), type = string_at(entry, "DetailType"),
                         detail = trimmed(string_at(entry, "Detail"));
  if (source.empty()) return missing("Source");
  if (type.empty()) return missing("DetailType");
  if (!entry.contains("Detail")) return missing("Detail");
  auto parsed_detail = parse_json_object(detail);
  if (!parsed_detail) return fail(ErrorCode::validation, "Detail is malformed.", "MalformedDetail", "Detail");
  Time time = transaction.now();
  if (const auto* given = entry.if_contains("Time")) {
    const auto parsed = parse_rfc3339(given->is_string() ? std::string_view(given->as_string()) : std::string_view{});
    if (!parsed) return fail(ErrorCode::validation, "Parameter Time is not valid.", "InvalidArgument", "Time");
    time = *parsed;
  }
  const auto* given_resources = entry.if_contains("Resources");
  const json::value resources =
      given_resources && given_resources->is_array() ? *given_resources : json::value(json::array{});

  const std::string id = make_uuid(transaction.random());
  json::object envelope{{"version", "0"},
                        {"id", id},
                        {"detail-type", type},
                        {"source", source},
                        {"account", call.caller.account},
                        {"time", format_rfc3339_seconds(time)},
                        {"region", identity_.region},
                        {"resources", resources}};
  // The detail goes in as it came: numbers keep their digits.
  std::string bytes = to_json(envelope);
  bytes.pop_back();
  bytes += fmt::format(",\"detail\":{}}}", detail);

  const std::string bus = bus_of(entry);
  const json::object answer{{"EventId", id}};
  std::optional<Announcement> announcement;
  if (carries_findings(source)) {
    envelope["detail"] = std::move(*parsed_detail);
    Recorded recorded;
    if (ports_.record_findings) {
      auto done = transaction.attempt([&] { return ports_.record_findings(transaction, envelope); });
      if (done) recorded = std::move(*done);
    }
    transaction.execute("DELETE FROM event_announced WHERE at < ?", transaction.now() - limits_.announced_kept);
    if (auto findings = findings_of(envelope)) announcement = Announcement{std::move(*findings), recorded.anything_new};
    for (const auto& told : recorded.events)
      if (auto delivered = announce(transaction, told); !delivered) return pass_on(delivered);
  }
  // As AWS: an event for a bus that does not exist is taken, and reaches nobody.
  if (!bus_exists(transaction, bus)) return answer;
  const Event event{.id = id, .bytes = bytes, .bus = bus};
  auto added = put(transaction, event, nullptr, announcement ? &*announcement : nullptr, false);
  if (!added) return fail(ErrorCode::validation, added.error().message, "MalformedDetail", "Detail");
  return answer;
}

// What the hub sends of a finding that was bridged in. A target that is told of it here is not told again when the
// account's own Security Hub event of the same state comes.
Result<void> Rules::Room::announce(store::Transaction& transaction, std::string_view bytes) {
  const auto event = parse_json_object(bytes);
  if (!event) return std::unexpected(event.error());
  std::optional<Announcement> announcement;
  if (auto findings = findings_of(*event)) announcement = Announcement{std::move(*findings), true};
  auto delivered = put(transaction, {.id = string_at(*event, "id"), .bytes = bytes}, nullptr,
                       announcement ? &*announcement : nullptr, false);
  if (!delivered) return pass_on(delivered);
  return {};
}

service::Answer Rules::Room::test_event_pattern(const service::Call& call) const {
  const std::string_view text = string_at(call.input, "Event");
  const auto event = parse_json_object(text);
  if (!event) return invalid(fmt::format("Parameter Event is not valid. Reason: {}.", event.error().message), "Event");
  for (const std::string_view member : {"id", "account", "source", "time", "region", "resources", "detail-type"})
    if (!event->contains(member))
      return invalid(fmt::format("Parameter Event is not valid. Reason: {} is a required field.", member), "Event");
  const pattern::Rule rule{pattern::RuleId{0}, std::string(string_at(call.input, "EventPattern"))};
  auto rules = pattern::compile({&rule, 1});
  if (!rules) return pass_on(rules);
  BorrowedMatcher borrowed{*this};
  std::vector<pattern::RuleId> matched;
  if (auto done = borrowed.matcher.match(**rules, text, matched); !done)
    return invalid(fmt::format("Parameter Event is not valid. Reason: {}.", done.error().message), "Event");
  return json::object{{"Result", !matched.empty()}};
}

}  // namespace tocsin::rules
