#include "workflows/outside.h"

namespace tocsin::workflows {
namespace {

// Longer than a call and its wait in line.
constexpr std::chrono::minutes lease{4};

}  // namespace

void OutsideTasks::attach(store::Outbox& outbox) {
  outbox.handle_outside(
      std::string(outside_kind),
      [this](const store::Due& due, store::Outbox::Report report) { start(due, std::move(report)); }, lease,
      [this](store::Transaction& transaction, const store::Due& due, const Result<void>&) {
        record(transaction, due);
      });
}

void OutsideTasks::add(store::Transaction& transaction, const json::value& parameters, std::string key, bool reveal,
                       std::string sent_key) {
  json::object context{{"Reveal", reveal}};
  if (!sent_key.empty()) context["Key"] = std::move(sent_key);
  store::Outbox::add(transaction, {.kind = std::string(outside_kind),
                                   .destination = std::string(http_invoke),
                                   .payload = to_json(parameters),
                                   .context = to_json(context),
                                   .key = std::move(key),
                                   .lane = store::Lane::workflow});
}

void OutsideTasks::start(const store::Due& due, store::Outbox::Report report) {
  auto parameters = parse_json(due.payload);
  if (!parameters) return report(std::unexpected(parameters.error()));
  const auto context = parse_json_object(due.context).value_or(json::object{});
  const auto sent_key = string_at(context, "Key");
  call_(*parameters, std::string(sent_key.empty() ? due.key : sent_key), bool_at(context, "Reveal"),
        [this, key = due.key, report = std::move(report)](std::optional<OutsideResult> result) mutable {
          if (!result) {
            store::Outcome untried{fail(ErrorCode::throttled, "too many calls are under way")};
            untried.tried = false;
            untried.pause = std::chrono::seconds{1};
            return report(std::move(untried));
          }
          {
            std::lock_guard lock{mutex_};
            results_[key] = std::make_shared<const OutsideResult>(std::move(*result));
          }
          // A task that failed was performed all the same: trying again is the definition's decision.
          report(store::Outcome{});
        });
}

// The result is forgotten after the commit: a change that is rolled back runs again.
void OutsideTasks::record(store::Transaction& transaction, const store::Due& due) {
  std::shared_ptr<const OutsideResult> result;
  {
    std::lock_guard lock{mutex_};
    if (const auto found = results_.find(due.key); found != results_.end()) result = found->second;
  }
  if (!result) return;
  apply_(transaction, due.key, *result);
  transaction.on_commit([this, key = due.key] {
    std::lock_guard lock{mutex_};
    results_.erase(key);
  });
}

}  // namespace tocsin::workflows
