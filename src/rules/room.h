// The room's parts behind Rules. Inside this folder only.
#pragma once

#include <map>
#include <mutex>

#include "rules/records.h"
#include "rules/rule_book.h"

namespace tocsin::rules {

struct Matched {
  std::shared_ptr<const RuleBook> book;
  std::vector<pattern::RuleId> rules;
};

// What an event that carries findings has told before (see rules.h).
struct Announcement {
  std::string findings;  // the same as long as the findings are
  bool anything_new = true;
};

class Rules::Room : public service::Destination {
 public:
  Room(Identity identity, const service::Destinations& destinations, Ports ports, Limits limits)
      : identity_{std::move(identity)}, destinations_{destinations}, ports_{std::move(ports)}, limits_{limits} {}

  // rules.cpp
  service::Answer put_rule(store::Transaction& transaction, const service::Call& call);
  service::Answer describe_rule(store::Reader& reader, const service::Call& call) const;
  service::Answer list_rules(store::Reader& reader, const service::Call& call) const;
  service::Answer list_rule_names_by_target(store::Reader& reader, const service::Call& call) const;
  service::Answer set_rule_state(store::Transaction& transaction, const service::Call& call, std::string_view state);
  service::Answer delete_rule(store::Transaction& transaction, const service::Call& call);

  // targets.cpp
  service::Answer put_targets(store::Transaction& transaction, const service::Call& call);
  service::Answer remove_targets(store::Transaction& transaction, const service::Call& call);
  service::Answer list_targets_by_rule(store::Reader& reader, const service::Call& call) const;

  // buses.cpp
  service::Answer create_event_bus(store::Transaction& transaction, const service::Call& call);
  service::Answer describe_event_bus(store::Reader& reader, const service::Call& call) const;
  service::Answer list_event_buses(store::Reader& reader, const service::Call& call) const;
  service::Answer delete_event_bus(store::Transaction& transaction, const service::Call& call);

  // tags.cpp
  service::Answer tag_resource(store::Transaction& transaction, const service::Call& call);
  service::Answer untag_resource(store::Transaction& transaction, const service::Call& call);
  service::Answer list_tags(store::Reader& reader, const service::Call& call) const;

  // events.cpp
  service::Answer put_events(store::Transaction& transaction, const service::Call& call);
  service::Answer test_event_pattern(const service::Call& call) const;

  // delivery.cpp
  std::shared_ptr<const Matched> match(const Event& event) const;
  Result<std::size_t> put(store::Transaction& transaction, const Event& event, const Matched* matched,
                          const Announcement* announcement, bool is_forwarded);
  Result<void> make(store::Transaction& transaction, const store::Due& due);
  void dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error);
  Result<void> deliver(store::Transaction& transaction, const std::string& arn,
                       const service::Message& message) override;

  // timers.cpp
  void arm(store::Transaction& transaction, const RuleRow& rule);
  void disarm(store::Transaction& transaction, std::string_view bus, std::string_view name);
  Result<void> fire(store::Transaction& transaction, const store::Due& due);

 private:
  struct Delivery;
  // The rules as the transaction sees them.
  std::shared_ptr<const RuleBook> book(store::Reader& reader, std::string_view bus);
  std::size_t deliver_to_rule(store::Transaction& transaction, const BookRule& rule, Delivery& delivery);
  void deliver_scheduled(store::Transaction& transaction, const BookRule& rule, const Event& event);
  bool was_told(store::Transaction& transaction, const BookRule& rule, const BookTarget& target,
                const Announcement& announcement);
  void give_up(store::Transaction& transaction, const store::Due& due, const Error& error);
  void record_undelivered(store::Transaction& transaction, const store::Due& due, std::string_view rule_arn,
                          std::string_view code, std::string_view message);
  Result<void> announce(store::Transaction& transaction, std::string_view bytes);
  Result<json::object> put_entry(store::Transaction& transaction, const service::Call& call, const json::object& entry);
  Result<std::string> tagged_arn(store::Reader& reader, const json::object& input) const;
  void put_tags(store::Transaction& transaction, std::string_view arn, const json::object& input);
  Result<void> check_target(const json::object& target) const;

  Identity identity_;
  const service::Destinations& destinations_;
  Ports ports_;
  Limits limits_;

  // Compiled rules by bus. What is in here is right for its revision, whatever is rolled back.
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const RuleBook>, std::less<>> books_;
  mutable std::vector<pattern::Matcher> idle_matchers_;

  class BorrowedMatcher;
};

// A matcher keeps working memory, so a few are kept: one for each thread that matches.
class Rules::Room::BorrowedMatcher {
 public:
  explicit BorrowedMatcher(const Room& room) : room_{room} {
    std::lock_guard lock{room_.mutex_};
    if (room_.idle_matchers_.empty()) return;
    matcher = std::move(room_.idle_matchers_.back());
    room_.idle_matchers_.pop_back();
  }
  ~BorrowedMatcher() {
    std::lock_guard lock{room_.mutex_};
    room_.idle_matchers_.push_back(std::move(matcher));
  }
  BorrowedMatcher(const BorrowedMatcher&) = delete;
  BorrowedMatcher& operator=(const BorrowedMatcher&) = delete;

  pattern::Matcher matcher;

 private:
  const Room& room_;
};

// Adds to the counts of a rule.
void count(store::Transaction& transaction, const RuleCount& more);

}  // namespace tocsin::rules
