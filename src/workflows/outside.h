// Tasks that reach outside the program (http:invoke): the outbox leases them to a port, and what the port brings back
// is recorded in the transaction that ends the delivery. A call that was under way when the process died is made again,
// with the same idempotency key; its result is applied once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "store/outbox.h"
#include "workflows/tasks.h"

namespace tocsin::workflows {

inline constexpr std::string_view outside_kind = "workflow-outside";

// What came of a call.
struct OutsideResult {
  TaskOutcome outcome;
  json::object request = {}, response = {};  // as TestState shows them
};

// Makes one call; must not block. `done` is called once, from any thread; nothing: it did not come to a try. `reveal`:
// whether `request` may show secrets.
using CallOutside = std::function<void(const json::value& parameters, std::string key, bool reveal,
                                       std::move_only_function<void(std::optional<OutsideResult>)> done)>;

class OutsideTasks {
 public:
  // `apply` runs in the transaction that records a result, with the delivery's key.
  using Apply = std::function<void(store::Transaction&, const std::string& key, const OutsideResult&)>;
  OutsideTasks(CallOutside call, Apply apply) : call_{std::move(call)}, apply_{std::move(apply)} {}

  // Registers the kind "workflow-outside". This object must outlive the calls under way.
  void attach(store::Outbox& outbox);
  // `sent_key` is what the receiver sees as the idempotency key; empty: `key`.
  static void add(store::Transaction& transaction, const json::value& parameters, std::string key, bool reveal,
                  std::string sent_key = {});

 private:
  void start(const store::Due& due, store::Outbox::Report report);
  void record(store::Transaction& transaction, const store::Due& due);

  CallOutside call_;
  Apply apply_;
  std::mutex mutex_;
  // Results that are not recorded yet, by key.
  std::map<std::string, std::shared_ptr<const OutsideResult>> results_;
};

}  // namespace tocsin::workflows
