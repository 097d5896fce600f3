// The event bus: rules with event patterns and schedules, their targets, and the delivery of events to them; Amazon
// EventBridge's API for it. Matching is the pattern room's; what a target does with its input is the target's.
//
//   PutEvents, findings ──► put(): match raw bytes ──► one outbox delivery a target ("rule-target") ──► Destinations
//   schedule ──► timer in the outbox ("rule-schedule") ──► the rule's targets, the same way
//   given up ──► dead_letter(): the target's dead-letter queue, else a row in event_undelivered. Never nowhere.
//
// An event waits in a lane by what it is about: CRITICAL findings and what an analyst sent (custom actions) go ahead of
// others, findings of MEDIUM severity and below behind them.
//
// Within a lane, an event goes to the targets of an earlier made rule first (EventBridge promises no order), and within
// a rule by target id.
//
// Events with a source of AWS's ("aws.securityhub", "aws.guardduty") can be put by the administrator: so a real
// account's services are bridged in. Findings that they carry are recorded by a port in the same transaction, and are
// not announced twice:
//   - an event of Security Hub's is its own announcement, so the port records silently. For GuardDuty's event the port
//     gives what a hub sends of it ("Security Hub Findings - Imported"), which is delivered too, under these same
//     rules: so who bridges in GuardDuty alone is served by the same rules, and who bridges in both is told once;
//   - when the port says that nothing is new (the same finding put again: bridges deliver at least once), the event
//     goes only to targets that were not sent this state of these findings before. So a rule made since gets it, and
//     one that was told already is not told again;
//   - targets of rules tagged tocsin:lane=containment get it always. Blocking must be tried again when it failed, and
//     its workflows change nothing that is as it should be;
//   - a delivery that was given up is forgotten, so that putting the event again tries again.
// What a target was told is remembered for Limits::announced_kept. This concerns "Security Hub Findings - Imported" and
// "GuardDuty Finding" only; every other event, a custom action too, is delivered as often as it is put.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity.h"
#include "service/destination.h"
#include "service/service.h"
#include "store/outbox.h"
#include "store/store.h"

namespace tocsin::rules {

inline constexpr std::string_view default_bus = "default";
// The lane of a rule's events, where it is not by what they are about: containment (ahead of everything else), alert,
// notice or bulk.
inline constexpr std::string_view lane_tag = "tocsin:lane";

// Outbox kinds.
inline constexpr std::string_view target_kind = "rule-target";
inline constexpr std::string_view schedule_kind = "rule-schedule";

// EventBridge's quotas where it has one.
struct Limits {
  std::size_t rules_per_bus_max = 300;
  std::size_t targets_per_rule_max = 5;
  std::size_t buses_max = 100;
  std::size_t undelivered_kept = 10'000;  // the oldest go first
  std::chrono::hours announced_kept = std::chrono::hours{24 * 30};
};

struct Recorded {
  bool anything_new = true;         // false: all of it was recorded before, unchanged
  std::vector<std::string> events;  // that announce what was recorded, where the put event does not
};

struct Ports {
  // Records the findings that an event of source aws.securityhub or aws.guardduty carries, without sending an event for
  // them. Error: the findings cannot be recorded (not valid, say); the event is delivered all the same.
  std::function<Result<Recorded>(store::Transaction&, const json::object& event)> record_findings = {};
};

// An event to be matched: its JSON text, and its "id", from which the idempotency keys are made.
struct Event {
  std::string_view id;
  std::string_view bytes;
  std::string_view bus = default_bus;
};

struct Matched;  // which rules an event matches, by which revision of them

// What became of a rule's events since it was made.
struct RuleCount {
  std::string bus, rule;
  std::int64_t matched = 0;     // events
  std::int64_t invoked = 0;     // deliveries taken by their target
  std::int64_t failed = 0;      // deliveries given up
  std::int64_t suppressed = 0;  // deliveries left out because the target had been told
};

// A delivery that was given up and that no dead-letter queue took.
struct Undelivered {
  Time at;
  std::string rule_arn, target_arn, error_code, error_message, payload;
  std::int64_t attempts = 0;
};

class Rules {
 public:
  Rules(Identity identity, const service::Destinations& destinations, Ports ports = {}, Limits limits = {});
  ~Rules();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  // The operations of service "events".
  service::Service service();
  // Registers the handlers of both kinds. Before the store starts.
  void attach(store::Outbox& outbox);
  // For "events" ARNs: an event bus as a target of another bus's rule. Forwarded events are not forwarded again.
  service::Destination& bus_destination();

  // Which rules match, on any thread, beside the committer; to be handed to put(). Null where the rules have not been
  // loaded yet or the bytes are no event: put() then matches itself.
  std::shared_ptr<const Matched> match(const Event& event) const;

  // Delivers an event to the targets of all enabled rules of its bus that match, in this transaction. `matched` saves
  // the matching if the rules have not changed since. Returns the number of deliveries. Error: validation (no event).
  Result<std::size_t> put(store::Transaction& transaction, const Event& event,
                          std::shared_ptr<const Matched> matched = nullptr);

  // What becomes of a delivery of kind "rule-target" that the outbox gives up. For Outbox::on_exhausted.
  void dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error);

  std::vector<RuleCount> counts(store::Reader& reader) const;
  // Newest first.
  std::vector<Undelivered> undelivered(store::Reader& reader, std::size_t count_max) const;

 private:
  class Room;
  std::unique_ptr<Room> room_;
};

std::span<const store::Migration> migrations();

}  // namespace tocsin::rules
