#include "rules/rule_book.h"

namespace tocsin::rules {
namespace {

constexpr int function_attempts_max = 8;  // 1 + 2 + … + 128 s at most

// The document was checked when the target was put.
BookTarget read_target(std::string_view id, std::string_view arn, const json::object& document) {
  BookTarget target{.id = std::string(id),
                    .arn = std::string(arn),
                    .dead_letter = std::string(string_at(document, "DeadLetterConfig.Arn")),
                    .group_id = std::string(string_at(document, "SqsParameters.MessageGroupId")),
                    .input = {},
                    .retry = {}};
  // A function that fails is not tried for a day: EventBridge hands events over to Lambda, which tries twice more over
  // three minutes and gives up. So long is it tried here, in the outbox's steps.
  const auto parsed = parse_arn(arn);
  if (parsed && parsed->service == "lambda") target.retry.attempts_max = function_attempts_max;
  if (auto input = Input::parse(document)) target.input = std::move(*input);
  target.retry.attempts_max =
      static_cast<int>(integer_at(document, "RetryPolicy.MaximumRetryAttempts", target.retry.attempts_max));
  target.retry.age_max =
      std::chrono::seconds{integer_at(document, "RetryPolicy.MaximumEventAgeInSeconds", target.retry.age_max.count())};
  return target;
}

}  // namespace

BookRule load_rule(store::Reader& reader, const Identity& identity, const RuleName& name) {
  BookRule rule{.bus = name.bus, .name = name.name, .arn = rule_arn(identity, name.bus, name.name), .targets = {}};
  auto targets = reader.query("SELECT id, arn, document FROM event_target WHERE bus = ? AND rule = ? ORDER BY id",
                              name.bus, name.name);
  while (targets.next()) {
    const auto document = parse_json_object(targets.text(2));
    if (document) rule.targets.push_back(read_target(targets.text(0), targets.text(1), *document));
  }
  auto lane = reader.query("SELECT value FROM event_tag WHERE arn = ? AND name = ?", rule.arn, lane_tag);
  if (lane.next())
    for (const auto& [name_of_lane, named] :
         {std::pair{"containment", store::Lane::containment}, std::pair{"alert", store::Lane::alert},
          std::pair{"notice", store::Lane::notice}, std::pair{"bulk", store::Lane::bulk}})
      if (lane.text(0) == name_of_lane) rule.lane = named;
  return rule;
}

RuleBook load_book(store::Reader& reader, const Identity& identity, std::string_view bus) {
  RuleBook book{.revision = revision(reader, bus), .patterns = {}, .rules = {}};
  pattern::RuleSetBuilder builder;
  auto rules = reader.query(
      "SELECT name, pattern FROM event_rule WHERE bus = ? AND state <> 'DISABLED' AND pattern <> '' ORDER BY position",
      bus);
  while (rules.next()) {
    if (!builder.put(pattern::RuleId{static_cast<std::uint32_t>(book.rules.size())}, rules.text(1))) continue;
    book.rules.push_back(load_rule(reader, identity, {std::string(bus), rules.string(0)}));
  }
  book.patterns = builder.publish();
  return book;
}

}  // namespace tocsin::rules
