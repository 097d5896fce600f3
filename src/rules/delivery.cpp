#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "rules/room.h"
#include "rules/urgency.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t input_bytes_max = 256u << 10;

// The codes of EventBridge's dead-letter attributes. Source: user guide, "Using dead-letter queues".
std::string_view error_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_found:
      return "NO_RESOURCE";
    case ErrorCode::denied:
      return "NO_PERMISSIONS";
    case ErrorCode::throttled:
      return "THROTTLING";
    case ErrorCode::validation:
      return "INVALID_PARAMETER";
    case ErrorCode::conflict:
      return "RESOURCE_MODIFICATION_COLLISION";
    case ErrorCode::unavailable:
      return "ERROR_FROM_TARGET";
    case ErrorCode::corrupt:
      break;
  }
  return "INTERNAL_ERROR";
}

bool is_final(const Error& error) {
  return error.code == ErrorCode::validation || error.code == ErrorCode::not_found || error.code == ErrorCode::denied;
}

json::object text_attribute(std::string_view value) {
  return {{"DataType", "String"}, {"StringValue", value}};
}

std::string told_key(std::string_view rule_arn, std::string_view target_id, std::string_view target_arn) {
  return fmt::format("{}#{}#{}", rule_arn, target_id, target_arn);
}

bool is_bus(std::string_view arn) {
  const auto parsed = parse_arn(arn);
  return parsed && parsed->service == "events";
}

}  // namespace

// One event on its way to the targets of several rules; parsed at most once.
struct Rules::Room::Delivery {
  const Event& event;
  const Announcement* announcement = nullptr;
  bool is_forwarded = false;
  Time now;
  std::optional<json::value> document = {};
  std::optional<store::Lane> urgency = {};

  // A rule's lane is the one that its tag says, else the event's.
  store::Lane lane_for(const BookRule& rule) {
    if (rule.lane) return *rule.lane;
    if (!urgency) urgency = lane_of_event(event.bytes);
    return *urgency;
  }
  const json::value& parsed() {
    if (!document) {
      auto value = parse_json(event.bytes);
      document = value ? std::move(*value) : json::value(nullptr);
    }
    return *document;
  }
};

std::shared_ptr<const RuleBook> Rules::Room::book(store::Reader& reader, std::string_view bus) {
  const std::int64_t wanted = revision(reader, bus);
  {
    std::lock_guard lock{mutex_};
    const auto found = books_.find(bus);
    if (found != books_.end() && found->second->revision == wanted) return found->second;
  }
  auto loaded = std::make_shared<const RuleBook>(load_book(reader, identity_, bus));
  std::lock_guard lock{mutex_};
  books_.insert_or_assign(std::string(bus), loaded);
  return loaded;
}

std::shared_ptr<const Matched> Rules::Room::match(const Event& event) const {
  auto matched = std::make_shared<Matched>();
  {
    std::lock_guard lock{mutex_};
    const auto found = books_.find(event.bus);
    if (found == books_.end()) return nullptr;
    matched->book = found->second;
  }
  BorrowedMatcher borrowed{*this};
  if (!borrowed.matcher.match(*matched->book->patterns, event.bytes, matched->rules)) return nullptr;
  return matched;
}

Result<std::size_t> Rules::Room::put(store::Transaction& transaction, const Event& event, const Matched* matched,
                                     const Announcement* announcement, bool is_forwarded) {
  const auto current = book(transaction, event.bus);
  Matched own;
  if (!matched || matched->book != current) {
    BorrowedMatcher borrowed{*this};
    if (auto done = borrowed.matcher.match(*current->patterns, event.bytes, own.rules); !done) return pass_on(done);
    matched = &own;
  }
  Delivery delivery{event, announcement, is_forwarded, transaction.now()};
  std::size_t added = 0;
  for (const auto id : matched->rules)
    added += deliver_to_rule(transaction, current->rules[static_cast<std::size_t>(id)], delivery);
  return added;
}

// Whether this target was sent this state of the findings before; if not, it is noted that it is sent now.
bool Rules::Room::was_told(store::Transaction& transaction, const BookRule& rule, const BookTarget& target,
                           const Announcement& announcement) {
  const bool is_first = transaction.execute(
                            "INSERT INTO event_announced (findings, target, at) VALUES (?, ?, ?) "
                            "ON CONFLICT (findings, target) DO NOTHING",
                            announcement.findings, told_key(rule.arn, target.id, target.arn), transaction.now()) == 1;
  return !is_first && !announcement.anything_new && rule.lane != store::Lane::containment;
}

std::size_t Rules::Room::deliver_to_rule(store::Transaction& transaction, const BookRule& rule, Delivery& delivery) {
  RuleCount counted{.bus = rule.bus, .rule = rule.name, .matched = 1};
  std::size_t added = 0;
  for (const BookTarget& target : rule.targets) {
    if (delivery.announcement && was_told(transaction, rule, target, *delivery.announcement)) {
      ++counted.suppressed;
      continue;
    }
    json::object context{{"bus", rule.bus}, {"rule", rule.name}, {"target", target.id}};
    if (!target.group_id.empty()) context["group"] = target.group_id;
    if (delivery.announcement) context["findings"] = delivery.announcement->findings;
    store::Due due;
    due.kind = target_kind;
    due.destination = target.arn;
    due.context = to_json(context);
    due.key = digest::sha256_hex(fmt::format("{}\n{}\n{}", delivery.event.id, rule.arn, target.id));
    due.dead_letter = target.dead_letter;
    due.lane = delivery.lane_for(rule);
    due.retry = target.retry;
    due.payload = delivery.event.bytes;

    if (delivery.is_forwarded && is_bus(target.arn)) {
      give_up(transaction, due, {ErrorCode::validation, "an event that came from another bus is not forwarded again"});
      continue;
    }
    if (!target.input.is_whole_event()) {
      const json::value none;
      auto input = target.input.build({.event_bytes = delivery.event.bytes,
                                       .event = target.input.needs_event() ? delivery.parsed() : none,
                                       .rule_arn = rule.arn,
                                       .rule_name = rule.name,
                                       .ingestion_time = delivery.now});
      if (input && input->size() > input_bytes_max)
        input = fail(ErrorCode::validation, fmt::format("the input of {} bytes is over the limit", input->size()));
      if (!input) {
        give_up(transaction, due, input.error());
        continue;
      }
      due.payload = std::move(*input);
    }
    added += store::Outbox::add(transaction, due);
  }
  count(transaction, counted);
  return added;
}

void Rules::Room::deliver_scheduled(store::Transaction& transaction, const BookRule& rule, const Event& event) {
  Delivery delivery{event, nullptr, false, transaction.now()};
  deliver_to_rule(transaction, rule, delivery);
}

Result<void> Rules::Room::make(store::Transaction& transaction, const store::Due& due) {
  const auto context = parse_json_object(due.context);
  if (!context) return fail(ErrorCode::corrupt, "the delivery's context cannot be read");
  service::Message message{.body = due.payload, .idempotency_key = due.key};
  message.group_id = string_at(*context, "group");
  if (!message.group_id.empty()) message.deduplication_id = due.key;
  auto taken = is_bus(due.destination) ? deliver(transaction, due.destination, message)
                                       : destinations_.deliver(transaction, due.destination, message);
  if (taken)
    count(transaction, {.bus = std::string(string_at(*context, "bus")),
                        .rule = std::string(string_at(*context, "rule")),
                        .invoked = 1});
  return taken;
}

Result<void> Rules::Room::deliver(store::Transaction& transaction, const std::string& arn,
                                  const service::Message& message) {
  const std::string bus = bus_of({{"EventBusName", arn}});
  if (auto exists = require_bus(transaction, bus); !exists) return exists;
  const auto event = parse_json_object(message.body);
  if (!event) return fail(ErrorCode::validation, "an event bus takes events only");
  const Event forwarded{.id = string_at(*event, "id"), .bytes = message.body, .bus = bus};
  auto put_on = put(transaction, forwarded, nullptr, nullptr, true);
  if (!put_on) return pass_on(put_on);
  return {};
}

void Rules::Room::dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error) {
  give_up(transaction, due, error);
}

void Rules::Room::give_up(store::Transaction& transaction, const store::Due& due, const Error& error) {
  const json::object context = parse_json_object(due.context).value_or(json::object{});
  const std::string_view bus = string_at(context, "bus"), rule = string_at(context, "rule");
  const std::string arn = rule_arn(identity_, bus, rule);
  count(transaction, {.bus = std::string(bus), .rule = std::string(rule), .failed = 1});
  transaction.execute("DELETE FROM event_announced WHERE findings = ? AND target = ?", string_at(context, "findings"),
                      told_key(arn, string_at(context, "target"), due.destination));

  if (due.dead_letter.empty()) {
    record_undelivered(transaction, due, arn, error_code(error), error.message);
    return;
  }
  service::Message message{.body = due.payload, .idempotency_key = due.key};
  message.attributes = {{"RULE_ARN", text_attribute(arn)},
                        {"TARGET_ARN", text_attribute(due.destination)},
                        {"ERROR_CODE", text_attribute(error_code(error))},
                        {"ERROR_MESSAGE", text_attribute(error.message.empty() ? "unknown" : error.message)},
                        {"RETRY_ATTEMPTS", text_attribute(std::to_string(due.attempt))}};
  if (!is_final(error))
    message.attributes["EXHAUSTED_RETRY_CONDITION"] =
        text_attribute(due.attempt >= due.retry.attempts_max ? "MaximumRetryAttempts" : "MaximumEventAgeInSeconds");
  const auto taken = transaction.attempt([&] { return destinations_.deliver(transaction, due.dead_letter, message); });
  if (!taken)
    record_undelivered(transaction, due, arn, error_code(error),
                       fmt::format("{}; the dead-letter queue {} did not take it either: {}", error.message,
                                   due.dead_letter, taken.error().message));
}

void Rules::Room::record_undelivered(store::Transaction& transaction, const store::Due& due, std::string_view rule_arn,
                                     std::string_view code, std::string_view message) {
  transaction.execute(
      "INSERT INTO event_undelivered (id, at, rule_arn, target_arn, error_code, error_message, attempts, payload) "
      "VALUES (?,?,?,?,?,?,?,?)",
      make_uuid(transaction.random()), transaction.now(), rule_arn, due.destination, code, message, due.attempt,
      store::Blob{due.payload});
  const auto over = transaction.integer("SELECT count(*) FROM event_undelivered", 0) -
                    static_cast<std::int64_t>(limits_.undelivered_kept);
  if (over > 0)
    transaction.execute(
        "DELETE FROM event_undelivered WHERE id IN (SELECT id FROM event_undelivered ORDER BY at, id LIMIT ?)", over);
}

void count(store::Transaction& transaction, const RuleCount& more) {
  transaction.execute(
      "INSERT INTO event_count (bus, rule, matched, invoked, failed, suppressed) VALUES (?,?,?,?,?,?) "
      "ON CONFLICT (bus, rule) DO UPDATE SET matched = event_count.matched + excluded.matched, "
      "invoked = event_count.invoked + excluded.invoked, failed = event_count.failed + excluded.failed, "
      "suppressed = event_count.suppressed + excluded.suppressed",
      more.bus, more.rule, more.matched, more.invoked, more.failed, more.suppressed);
}

}  // namespace tocsin::rules
