#include <fmt/format.h>

#include "core/time_format.h"
#include "rules/room.h"
#include "rules/schedule.h"

namespace tocsin::rules {
namespace {

std::string timer_key(std::string_view bus, std::string_view name) {
  return fmt::format("{}/{}/{}", schedule_kind, bus, name);
}

// The schedule's text is the payload: a timer of a schedule that was changed since does nothing.
void add_timer(store::Transaction& transaction, std::string_view bus, std::string_view name, std::string_view schedule,
               Time due) {
  const json::object context{{"bus", bus}, {"rule", name}};
  store::Outbox::add(transaction, {.kind = std::string(schedule_kind),
                                   .destination = std::string(name),
                                   .payload = std::string(schedule),
                                   .context = to_json(context),
                                   .key = timer_key(bus, name),
                                   .lane = store::Lane::workflow,
                                   .due = due});
}

}  // namespace

void Rules::Room::arm(store::Transaction& transaction, const RuleRow& rule) {
  disarm(transaction, rule.bus, rule.name);
  if (rule.schedule.empty() || !rule.is_enabled()) return;
  const auto schedule = parse_schedule(rule.schedule);
  if (!schedule) return;
  if (const auto due = next_after(*schedule, transaction.now()))
    add_timer(transaction, rule.bus, rule.name, rule.schedule, *due);
}

void Rules::Room::disarm(store::Transaction& transaction, std::string_view bus, std::string_view name) {
  store::Outbox::cancel(transaction, timer_key(bus, name));
}

// Never fails: a timer that was given up would end its schedule.
Result<void> Rules::Room::fire(store::Transaction& transaction, const store::Due& due) {
  const json::object context = parse_json_object(due.context).value_or(json::object{});
  const std::string bus(string_at(context, "bus")), name(string_at(context, "rule"));
  const auto rule = find_rule(transaction, bus, name);
  const auto schedule = parse_schedule(due.payload);
  if (!rule || !rule->is_enabled() || rule->schedule != due.payload || !schedule) return {};

  const BookRule loaded = load_rule(transaction, identity_, {bus, name});
  const std::string id = make_uuid(transaction.random());
  const std::string bytes = to_json(json::object{{"version", "0"},
                                                 {"id", id},
                                                 {"detail-type", "Scheduled Event"},
                                                 {"source", "aws.events"},
                                                 {"account", identity_.account},
                                                 {"time", format_rfc3339_seconds(due.due)},
                                                 {"region", identity_.region},
                                                 {"resources", json::array{loaded.arn}},
                                                 {"detail", json::object{}}});
  deliver_scheduled(transaction, loaded, {.id = id, .bytes = bytes, .bus = bus});
  if (const auto next = next_after_due(*schedule, due.due, transaction.now()))
    add_timer(transaction, bus, name, due.payload, *next);
  return {};
}

}  // namespace tocsin::rules
