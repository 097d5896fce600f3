// A bus with a store of its own and destinations that write down what they get. For tests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/check.h"
#include "rules/rules.h"
#include "store/testing.h"

namespace tocsin::rules {

class FakeDestination : public service::Destination {
 public:
  struct Taken {
    std::string arn, body, group_id, deduplication_id, key;
    json::object attributes;
  };
  Result<void> deliver(store::Transaction&, const std::string& arn, const service::Message& message) override {
    ++tries;
    if (failure) return std::unexpected(*failure);
    taken.push_back({arn, std::string(message.body), message.group_id, message.deduplication_id,
                     message.idempotency_key, message.attributes});
    return {};
  }

  std::optional<Error> failure;
  int tries = 0;
  std::vector<Taken> taken;
};

class BusFixture {
 public:
  explicit BusFixture(Ports ports = {}, Limits limits = {})
      : ports_{std::move(ports)}, limits_{limits}, store{migrations()} {
    destinations.add("sqs", queues);
    destinations.add("states", machines);
    destinations.add("lambda", functions);
    wire();
  }

  // As a process that was killed and started again.
  void restart() {
    store.reopen();
    wire();
  }

  service::Answer call(std::string_view operation, const json::object& input) {
    const service::Operation* found = directory->find("events", operation);
    check(found != nullptr, "the operation exists");
    const service::Call call{.caller = caller, .input = input, .request_id = "r", .endpoint = "http://test"};
    return store.write([&](store::Transaction& transaction) { return service::run_within(*found, transaction, call); });
  }
  // The answer, or the error as {"Error": code, "Message": …}.
  json::object answer(std::string_view operation, const json::object& input) {
    auto result = call(operation, input);
    if (result) return *result;
    return {{"Error", result.error().aws_code}, {"Message", result.error().message}};
  }
  std::string error(std::string_view operation, const json::object& input) {
    auto result = call(operation, input);
    return result ? "none" : result.error().aws_code + ": " + result.error().message;
  }

  void put_rule(std::string_view name, std::string_view pattern, json::array targets, json::array tags = {}) {
    check(call("PutRule", {{"Name", name}, {"EventPattern", pattern}, {"Tags", std::move(tags)}}).has_value(), "rule");
    if (!targets.empty())
      check(call("PutTargets", {{"Rule", name}, {"Targets", std::move(targets)}}).has_value(), "targets");
  }
  json::object put_event(std::string_view source, std::string_view type, const json::object& detail) {
    return answer("PutEvents",
                  {{"Entries",
                    json::array{json::object{{"Source", source}, {"DetailType", type}, {"Detail", to_json(detail)}}}}});
  }
  void run() { store->run_until_idle(); }
  void advance(Microseconds by) {
    store.clock.advance(by);
    run();
  }
  RuleCount count_of(std::string_view rule) {
    RuleCount found;
    (void)store.read([&](store::Reader& reader) -> Result<void> {
      for (auto& count : rules->counts(reader))
        if (count.rule == rule) found = count;
      return {};
    });
    return found;
  }
  std::vector<Undelivered> undelivered() {
    return *store.read(
        [&](store::Reader& reader) -> Result<std::vector<Undelivered>> { return rules->undelivered(reader, 100); });
  }

 private:
  void wire() {
    rules = std::make_unique<Rules>(Identity{}, destinations, ports_, limits_);
    directory = std::make_unique<service::Directory>();
    directory->add(rules->service());
    rules->attach(store->outbox());
    store->outbox().on_exhausted([this](store::Transaction& transaction, const store::Due& due, const Error& error) {
      if (due.kind == target_kind) rules->dead_letter(transaction, due, error);
    });
  }

  Ports ports_;
  Limits limits_;

 public:
  store::TestStore store;
  FakeDestination queues, machines, functions;
  service::Destinations destinations;
  std::unique_ptr<Rules> rules;
  std::unique_ptr<service::Directory> directory;
  service::Caller caller{.account = "000000000000", .arn = "arn:aws:iam::000000000000:user/admin", .user_id = "AIDA"};
};

inline json::object queue_target(std::string_view id, std::string_view queue = "q") {
  return {{"Id", id}, {"Arn", "arn:aws:sqs:us-east-1:000000000000:" + std::string(queue)}};
}

}  // namespace tocsin::rules
