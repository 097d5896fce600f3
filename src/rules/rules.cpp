#include "rules/rules.h"

#include <algorithm>

#include "pattern/pattern.h"
#include "rules/room.h"
#include "rules/schedule.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t name_bytes_max = 64;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

// As ListRules shows it; members that are not set are left out.
json::object describe(const Identity& identity, const RuleRow& rule) {
  json::object document{{"Name", rule.name},
                        {"Arn", rule_arn(identity, rule.bus, rule.name)},
                        {"State", rule.state},
                        {"EventBusName", rule.bus}};
  const auto add = [&](std::string_view member, const std::string& value) {
    if (!value.empty()) document[member] = value;
  };
  add("EventPattern", rule.pattern);
  add("ScheduleExpression", rule.schedule);
  add("Description", rule.description);
  add("RoleArn", rule.role_arn);
  return document;
}

// The rule that a PutRule asks for.
Result<RuleRow> requested_rule(const service::Call& call) {
  const json::object& input = call.input;
  const auto text = [&](std::string_view member) { return std::string(string_at(input, member)); };
  RuleRow rule{.bus = bus_of(input),
               .name = text("Name"),
               .pattern = text("EventPattern"),
               .schedule = text("ScheduleExpression"),
               .state = std::string(string_at(input, "State", "ENABLED")),
               .description = text("Description"),
               .role_arn = text("RoleArn"),
               .created_by = call.caller.account};
  if (!is_name(rule.name)) return invalid("Parameter Name is not valid. Reason: 1 to 64 of A-Z a-z 0-9 . - _", "Name");
  if (rule.pattern.empty() && rule.schedule.empty())
    return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  if (rule.state != "ENABLED" && rule.state != "DISABLED" &&
      rule.state != "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    return invalid("Parameter State is not valid.", "State");
  if (!rule.schedule.empty()) {
    if (rule.bus != default_bus)
      return invalid("ScheduleExpression is supported only on the default event bus.", "ScheduleExpression");
    if (auto schedule = parse_schedule(rule.schedule); !schedule) return pass_on(schedule);
  }
  if (!rule.pattern.empty())
    if (auto valid = pattern::validate(rule.pattern); !valid) return pass_on(valid);
  return rule;
}

}  // namespace

service::Answer Rules::Room::put_rule(store::Transaction& transaction, const service::Call& call) {
  auto rule = requested_rule(call);
  if (!rule) return pass_on(rule);
  if (auto exists = require_bus(transaction, rule->bus); !exists) return pass_on(exists);
  const auto before = find_rule(transaction, rule->bus, rule->name);
  if (!before && transaction.integer("SELECT count(*) FROM event_rule WHERE bus = ?", 0, rule->bus) >=
                     static_cast<std::int64_t>(limits_.rules_per_bus_max))
    return limit_exceeded();

  transaction.execute(
      "INSERT INTO event_rule (bus, name, pattern, schedule, state, description, role_arn, created_by, created, "
      "position) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (bus, name) DO UPDATE SET pattern = excluded.pattern, "
      "schedule = excluded.schedule, state = excluded.state, description = excluded.description, "
      "role_arn = excluded.role_arn",
      rule->bus, rule->name, rule->pattern, rule->schedule, rule->state, rule->description, rule->role_arn,
      rule->created_by, transaction.now(),
      1 + transaction.integer("SELECT max(position) FROM event_rule WHERE bus = ?", 0, rule->bus));
  const std::string arn = rule_arn(identity_, rule->bus, rule->name);
  // As AWS: an existing rule's tags change by TagResource only.
  if (!before) put_tags(transaction, arn, call.input);
  revise(transaction, rule->bus);
  // A schedule that stays keeps its phase.
  if (!before || before->schedule != rule->schedule || before->is_enabled() != rule->is_enabled())
    arm(transaction, *rule);
  return json::object{{"RuleArn", arn}};
}

service::Answer Rules::Room::describe_rule(store::Reader& reader, const service::Call& call) const {
  auto rule = require_rule(reader, bus_of(call.input), string_at(call.input, "Name"));
  if (!rule) return pass_on(rule);
  json::object answer = describe(identity_, *rule);
  answer["CreatedBy"] = rule->created_by;
  return answer;
}

service::Answer Rules::Room::list_rules(store::Reader& reader, const service::Call& call) const {
  const std::string bus = bus_of(call.input);
  if (auto exists = require_bus(reader, bus); !exists) return pass_on(exists);
  auto page = page_of(call.input);
  if (!page) return pass_on(page);
  const std::string_view prefix = string_at(call.input, "NamePrefix");

  std::vector<json::object> found;
  auto rows = reader.query(
      "SELECT bus, name, pattern, schedule, state, description, role_arn, created_by FROM event_rule "
      "WHERE bus = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
      bus, page->after, prefix.size(), prefix, page->count_max + 1);
  while (rows.next())
    found.push_back(describe(identity_, {rows.string(0), rows.string(1), rows.string(2), rows.string(3), rows.string(4),
                                         rows.string(5), rows.string(6), rows.string(7)}));
  json::object answer;
  finish_page(*page, found, answer, [](const json::object& rule) { return string_at(rule, "Name"); });
  answer["Rules"] = json::array(found.begin(), found.end());
  return answer;
}

service::Answer Rules::Room::list_rule_names_by_target(store::Reader& reader, const service::Call& call) const {
  const std::string bus = bus_of(call.input);
  if (auto exists = require_bus(reader, bus); !exists) return pass_on(exists);
  auto page = page_of(call.input);
  if (!page) return pass_on(page);
  std::vector<std::string> names;
  auto rows = reader.query(
      "SELECT DISTINCT rule FROM event_target WHERE arn = ? AND bus = ? AND rule > ? ORDER BY rule LIMIT ?",
      string_at(call.input, "TargetArn"), bus, page->after, page->count_max + 1);
  while (rows.next()) names.push_back(rows.string(0));
  json::object answer;
  finish_page(*page, names, answer, [](const std::string& name) { return std::string_view(name); });
  answer["RuleNames"] = json::array(names.begin(), names.end());
  return answer;
}

service::Answer Rules::Room::set_rule_state(store::Transaction& transaction, const service::Call& call,
                                            std::string_view state) {
  auto rule = require_rule(transaction, bus_of(call.input), string_at(call.input, "Name"));
  if (!rule) return pass_on(rule);
  if (rule->is_enabled() == (state != "DISABLED")) return json::object{};
  rule->state = state;
  transaction.execute("UPDATE event_rule SET state = ? WHERE bus = ? AND name = ?", state, rule->bus, rule->name);
  revise(transaction, rule->bus);
  arm(transaction, *rule);
  return json::object{};
}

service::Answer Rules::Room::delete_rule(store::Transaction& transaction, const service::Call& call) {
  const std::string bus = bus_of(call.input);
  const std::string_view name = string_at(call.input, "Name");
  if (auto exists = require_bus(transaction, bus); !exists) return pass_on(exists);
  if (!find_rule(transaction, bus, name)) return json::object{};  // as AWS: gone already
  if (count_targets(transaction, bus, name) > 0) return invalid("Rule can't be deleted since it has targets.");
  transaction.execute("DELETE FROM event_rule WHERE bus = ? AND name = ?", bus, name);
  transaction.execute("DELETE FROM event_tag WHERE arn = ?", rule_arn(identity_, bus, name));
  transaction.execute("DELETE FROM event_count WHERE bus = ? AND rule = ?", bus, name);
  disarm(transaction, bus, name);
  revise(transaction, bus);
  return json::object{};
}

Rules::Rules(Identity identity, const service::Destinations& destinations, Ports ports, Limits limits)
    : room_{std::make_unique<Room>(std::move(identity), destinations, std::move(ports), limits)} {}
Rules::~Rules() = default;

service::Service Rules::service() {
  using Handler = service::Answer (Room::*)(store::Transaction&, const service::Call&);
  using Query = service::Answer (Room::*)(store::Reader&, const service::Call&) const;
  Room* room = room_.get();
  const auto write = [room](std::string name, Handler handler) {
    return service::Operation{
        .name = std::move(name),
        .run = service::Write{[room, handler](store::Transaction& transaction, const service::Call& call) {
          return (room->*handler)(transaction, call);
        }}};
  };
  const auto read = [room](std::string name, Query query) {
    return service::Operation{.name = std::move(name),
                              .run = service::Read{[room, query](store::Reader& reader, const service::Call& call) {
                                return (room->*query)(reader, call);
                              }}};
  };
  const auto set_state = [room](std::string name, std::string state) {
    return service::Operation{
        .name = std::move(name),
        .run = service::Write{[room, state](store::Transaction& transaction, const service::Call& call) {
          return room->set_rule_state(transaction, call, state);
        }}};
  };
  return {"events",
          {write("PutRule", &Room::put_rule),
           read("DescribeRule", &Room::describe_rule),
           read("ListRules", &Room::list_rules),
           read("ListRuleNamesByTarget", &Room::list_rule_names_by_target),
           set_state("EnableRule", "ENABLED"),
           set_state("DisableRule", "DISABLED"),
           write("DeleteRule", &Room::delete_rule),
           write("PutTargets", &Room::put_targets),
           write("RemoveTargets", &Room::remove_targets),
           read("ListTargetsByRule", &Room::list_targets_by_rule),
           write("PutEvents", &Room::put_events),
           {.name = "TestEventPattern", .run = service::Read{[room](store::Reader&, const service::Call& call) {
                                          return room->test_event_pattern(call);
                                        }}},
           write("CreateEventBus", &Room::create_event_bus),
           read("DescribeEventBus", &Room::describe_event_bus),
           read("ListEventBuses", &Room::list_event_buses),
           write("DeleteEventBus", &Room::delete_event_bus),
           write("TagResource", &Room::tag_resource),
           write("UntagResource", &Room::untag_resource),
           read("ListTagsForResource", &Room::list_tags)}};
}

void Rules::attach(store::Outbox& outbox) {
  Room* room = room_.get();
  outbox.handle(std::string(target_kind), [room](store::Transaction& transaction, const store::Due& due) {
    return room->make(transaction, due);
  });
  outbox.handle(std::string(schedule_kind), [room](store::Transaction& transaction, const store::Due& due) {
    return room->fire(transaction, due);
  });
}

service::Destination& Rules::bus_destination() {
  return *room_;
}

std::shared_ptr<const Matched> Rules::match(const Event& event) const {
  return room_->match(event);
}

Result<std::size_t> Rules::put(store::Transaction& transaction, const Event& event,
                               std::shared_ptr<const Matched> matched) {
  return room_->put(transaction, event, matched.get(), nullptr, false);
}

void Rules::dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error) {
  room_->dead_letter(transaction, due, error);
}

std::vector<RuleCount> Rules::counts(store::Reader& reader) const {
  std::vector<RuleCount> counts;
  auto rows =
      reader.query("SELECT bus, rule, matched, invoked, failed, suppressed FROM event_count ORDER BY bus, rule");
  while (rows.next())
    counts.push_back(
        {rows.string(0), rows.string(1), rows.integer(2), rows.integer(3), rows.integer(4), rows.integer(5)});
  return counts;
}

std::vector<Undelivered> Rules::undelivered(store::Reader& reader, std::size_t count_max) const {
  std::vector<Undelivered> found;
  auto rows = reader.query(
      "SELECT at, rule_arn, target_arn, error_code, error_message, payload, attempts FROM event_undelivered "
      "ORDER BY at DESC, id LIMIT ?",
      count_max);
  while (rows.next())
    found.push_back({rows.time(0), rows.string(1), rows.string(2), rows.string(3), rows.string(4),
                     std::string(rows.blob(5)), rows.integer(6)});
  return found;
}

}  // namespace tocsin::rules
