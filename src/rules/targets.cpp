#include <algorithm>

#include <fmt/format.h>

#include "rules/room.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t id_bytes_max = 64;

bool is_target_id(std::string_view text) {
  return !text.empty() && text.size() <= id_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

json::object failed_entry(std::string_view id, std::string_view code, std::string message) {
  return {{"TargetId", id}, {"ErrorCode", code}, {"ErrorMessage", std::move(message)}};
}

json::object answer_of(json::array failed) {
  json::object answer{{"FailedEntryCount", failed.size()}};
  answer["FailedEntries"] = std::move(failed);
  return answer;
}

const json::array* array_at(const json::object& input, std::string_view member) {
  const auto* value = input.if_contains(member);
  return value ? value->if_array() : nullptr;
}

}  // namespace

// What fails the whole call, as AWS does.
Result<void> Rules::Room::check_target(const json::object& target) const {
  const std::string_view id = string_at(target, "Id"), arn = string_at(target, "Arn");
  if (!is_target_id(id)) return invalid("Parameter Id is not valid. Reason: 1 to 64 of A-Z a-z 0-9 . - _", "Targets");
  if (!parse_arn(arn))
    return invalid(fmt::format("Parameter {} is not valid. Reason: Provided Arn is not in correct format.", arn),
                   "Targets");
  if (arn.ends_with(".fifo") && parse_arn(arn)->service == "sqs" &&
      string_at(target, "SqsParameters.MessageGroupId").empty())
    return invalid(fmt::format("Parameter(s) SqsParameters must be specified for target: {}.", id), "Targets");
  if (const auto* queue = find(target, "DeadLetterConfig.Arn")) {
    const auto parsed = queue->is_string() ? parse_arn(queue->as_string()) : parse_arn("");
    if (!parsed || parsed->service != "sqs" || parsed->resource.ends_with(".fifo"))
      return invalid(fmt::format("Parameter DeadLetterConfig of target {} is not valid. Reason: it must be the ARN of "
                                 "a standard SQS queue.",
                                 id),
                     "Targets");
  }
  const std::int64_t attempts = integer_at(target, "RetryPolicy.MaximumRetryAttempts", 0),
                     age_s = integer_at(target, "RetryPolicy.MaximumEventAgeInSeconds", 60);
  if (attempts < 0 || attempts > 185 || age_s < 60 || age_s > 86'400)
    return invalid(fmt::format("Parameter RetryPolicy of target {} is not valid. Reason: at most 185 attempts, "
                               "60 to 86400 seconds.",
                               id),
                   "Targets");
  if (auto input = Input::parse(target); !input) return pass_on(input);
  return {};
}

service::Answer Rules::Room::put_targets(store::Transaction& transaction, const service::Call& call) {
  const json::array* targets = array_at(call.input, "Targets");
  if (!targets || targets->empty()) return invalid("Parameter Targets is not valid.", "Targets");
  for (const auto& target : *targets) {
    if (!target.is_object()) return invalid("Parameter Targets is not valid.", "Targets");
    if (auto checked = check_target(target.as_object()); !checked) return pass_on(checked);
  }
  auto rule = require_rule(transaction, bus_of(call.input), string_at(call.input, "Rule"));
  if (!rule) return pass_on(rule);

  json::array failed;
  for (const auto& value : *targets) {
    const json::object& target = value.as_object();
    const std::string_view id = string_at(target, "Id"), arn = string_at(target, "Arn");
    if (!destinations_.knows(arn) && parse_arn(arn)->service != "events") {
      failed.push_back(
          failed_entry(id, "ValidationException", fmt::format("Nothing here takes events for the target {}.", arn)));
      continue;
    }
    transaction.execute(
        "INSERT INTO event_target (bus, rule, id, arn, document) VALUES (?,?,?,?,?) "
        "ON CONFLICT (bus, rule, id) DO UPDATE SET arn = excluded.arn, document = excluded.document",
        rule->bus, rule->name, id, arn, to_json(target));
  }
  if (count_targets(transaction, rule->bus, rule->name) > limits_.targets_per_rule_max) return limit_exceeded();
  revise(transaction, rule->bus);
  return answer_of(std::move(failed));
}

service::Answer Rules::Room::remove_targets(store::Transaction& transaction, const service::Call& call) {
  auto rule = require_rule(transaction, bus_of(call.input), string_at(call.input, "Rule"));
  if (!rule) return pass_on(rule);
  json::array failed;
  if (const json::array* ids = array_at(call.input, "Ids"))
    for (const auto& value : *ids) {
      const std::string_view id = value.is_string() ? std::string_view(value.as_string()) : std::string_view{};
      if (transaction.execute("DELETE FROM event_target WHERE bus = ? AND rule = ? AND id = ?", rule->bus, rule->name,
                              id) == 0)
        failed.push_back(
            failed_entry(id, "ResourceNotFoundException",
                         fmt::format("Rule '{}' does not have a target with the Id '{}'.", rule->name, id)));
    }
  revise(transaction, rule->bus);
  return answer_of(std::move(failed));
}

service::Answer Rules::Room::list_targets_by_rule(store::Reader& reader, const service::Call& call) const {
  auto rule = require_rule(reader, bus_of(call.input), string_at(call.input, "Rule"));
  if (!rule) return pass_on(rule);
  auto page = page_of(call.input);
  if (!page) return pass_on(page);
  std::vector<json::object> targets;
  auto rows =
      reader.query("SELECT document FROM event_target WHERE bus = ? AND rule = ? AND id > ? ORDER BY id LIMIT ?",
                   rule->bus, rule->name, page->after, page->count_max + 1);
  while (rows.next())
    if (auto document = parse_json_object(rows.text(0))) targets.push_back(std::move(*document));
  json::object answer;
  finish_page(*page, targets, answer, [](const json::object& target) { return string_at(target, "Id"); });
  answer["Targets"] = json::array(targets.begin(), targets.end());
  return answer;
}

}  // namespace tocsin::rules
