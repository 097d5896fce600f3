#include "builtins/embedded_ports.h"

#include <fmt/format.h>

#include "builtins/builtins.h"
#include "core/time_format.h"
#include "store/outbox.h"

namespace tocsin::builtins {
namespace {

// How long a message that was announced is not announced again.
constexpr std::chrono::hours announced_kept{24 * 30};

Result<netset::Set> set_of(const std::vector<std::string>& prefixes) {
  return containment::parse_ranges(prefixes);
}

store::Lane lane_of(responders::Urgency urgency) {
  switch (urgency) {
    case responders::Urgency::containment:
      return store::Lane::containment;
    case responders::Urgency::alert:
      return store::Lane::alert;
    case responders::Urgency::normal:
      return store::Lane::notice;
    case responders::Urgency::low:
      break;
  }
  return store::Lane::bulk;
}

void note_announced(store::Transaction& transaction, std::string_view key) {
  transaction.execute("INSERT INTO announced (key, at) VALUES (?,?) ON CONFLICT (key) DO NOTHING", key,
                      transaction.now());
}

std::vector<std::string> announced_in(std::string_view context_text) {
  const auto context = parse_json_object(context_text).value_or(json::object{});
  std::vector<std::string> keys;
  if (const auto* list = context.if_contains("announced"); list && list->is_array())
    for (const auto& key : list->get_array())
      if (key.is_string()) keys.emplace_back(std::string_view(key.get_string()));
  return keys;
}

}  // namespace

Api::Api(store::Transaction& transaction, const service::Directory& directory, const Identity& identity,
         const functions::Invocation& invocation)
    : transaction_{transaction}, directory_{directory} {
  caller_ = {.account = identity.account,
             .arn = fmt::format("arn:{}:sts::{}:assumed-role/{}/{}", identity.partition, identity.account,
                                invocation.function_name, invocation.function_name),
             .user_id = invocation.function_name};
}

Result<json::object> Api::call(std::string_view service, std::string_view operation, const json::object& input) {
  const auto* found = directory_.find(service, operation);
  if (!found)
    return fail(ErrorCode::unavailable, fmt::format("the operation {} of {} is not served here", operation, service));
  return service::run_within(
      *found, transaction_,
      {.caller = caller_, .input = input, .request_id = "function", .endpoint = directory_.url()});
}

// ---- Security Hub

Result<void> EmbeddedHub::update(const responders::FindingRef& finding, const json::object& changes) {
  json::object request = changes;
  request["FindingIdentifiers"] = json::array{json::object{{"Id", finding.id}, {"ProductArn", finding.product_arn}}};
  auto answer = api_.call("securityhub", "BatchUpdateFindings", request);
  if (!answer) return pass_on(answer);
  const auto* unprocessed = answer->if_contains("UnprocessedFindings");
  if (!unprocessed || !unprocessed->is_array() || unprocessed->get_array().empty()) return {};
  const json::object& first = unprocessed->get_array()[0].get_object();
  return fail(ErrorCode::unavailable,
              fmt::format("the update was not processed: {} {}", string_at(first, "ErrorCode"),
                          string_at(first, "ErrorMessage")),
              "UnprocessedFinding");
}

// ---- SNS

Result<std::string> EmbeddedTopic::publish(std::string_view topic_arn, std::string_view subject,
                                           std::string_view message,
                                           const std::vector<std::pair<std::string, std::string>>& attributes) {
  json::object members;
  for (const auto& [name, value] : attributes)
    members.emplace(name, json::object{{"DataType", "String"}, {"StringValue", value}});
  auto answer = api_.call(
      "sns", "Publish",
      {{"TopicArn", topic_arn}, {"Subject", subject}, {"Message", message}, {"MessageAttributes", std::move(members)}});
  if (!answer) return pass_on(answer);
  return std::string(string_at(*answer, "MessageId"));
}

// ---- the block table

Result<responders::BlockResult> EmbeddedBlockTable::block(const responders::BlockOrder& order) {
  containment::BlockRequest request{.table = table_,
                                    .host = order.host,
                                    .timestamp = order.timestamp,
                                    .finding_id = order.finding_id,
                                    .account_id = order.account_id,
                                    .region = order.region,
                                    .actor = actor_,
                                    .reason = order.reason,
                                    .retention = retention_};
  if (const auto seen = parse_rfc3339(order.timestamp)) request.created_at_s = to_epoch_seconds(*seen);
  auto outcome = tables_.block(transaction_, request);
  if (!outcome) return pass_on(outcome);
  if (outcome->refusal)
    return responders::BlockResult{
        .host = order.host, .is_new = false, .refused = outcome->refusal->code, .reason = outcome->refusal->reason};
  return responders::BlockResult{
      .host = outcome->block.host, .is_new = outcome->is_new(), .since = format_rfc3339(outcome->block.blocked_at)};
}

Result<std::vector<std::string>> EmbeddedBlockTable::wanted() {
  std::vector<std::string> prefixes;
  for (const auto& prefix : tables_.wanted_and_allowed(transaction_, table_))
    prefixes.push_back(netset::to_text(prefix));
  return prefixes;
}

Result<std::vector<std::string>> EmbeddedBlockTable::expire(std::chrono::hours retention) {
  std::vector<std::string> hosts;
  for (const auto& block : tables_.expire(transaction_, table_, retention)) hosts.push_back(block.host);
  return hosts;
}

Result<void> EmbeddedBlockTable::submitted(const std::vector<std::string>& prefixes) {
  auto set = set_of(prefixes);
  if (!set) return pass_on(set);
  tables_.submit(transaction_, table_, *set);
  return {};
}

Result<void> EmbeddedBlockTable::remember_enforced(std::string_view rule_group_arn, std::string_view settings,
                                                   std::size_t entries, bool one_each) {
  tables_.remember_enforced(
      transaction_, {.table = table_, .rule_group_arn = std::string(rule_group_arn), .settings = std::string(settings)},
      static_cast<std::int64_t>(entries), one_each);
  return {};
}

Result<std::optional<std::size_t>> EmbeddedBlockTable::enforced(std::string_view rule_group_arn,
                                                                std::string_view settings) {
  const auto entries = tables_.enforced(
      transaction_,
      {.table = table_, .rule_group_arn = std::string(rule_group_arn), .settings = std::string(settings)});
  return entries ? std::optional{static_cast<std::size_t>(*entries)} : std::nullopt;
}

Result<std::optional<std::size_t>> EmbeddedBlockTable::enforce_new(std::string_view rule_group_arn,
                                                                   std::string_view settings,
                                                                   const std::vector<std::int64_t>& priorities) {
  auto entries = containment_.enforce_new(transaction_, {.table = table_,
                                                         .rule_group_arn = std::string(rule_group_arn),
                                                         .settings = std::string(settings),
                                                         .priorities = priorities});
  if (!entries) return pass_on(entries);
  return *entries ? std::optional{static_cast<std::size_t>(**entries)} : std::nullopt;
}

void EmbeddedBlockTable::remember_full(std::string_view rule_group_arn, std::string_view settings, const Error& error) {
  containment_.remember_full(
      transaction_, {.table = table_, .rule_group_arn = std::string(rule_group_arn), .settings = std::string(settings)},
      error);
}

std::optional<Error> EmbeddedBlockTable::full(std::string_view rule_group_arn, std::string_view settings) {
  return containment_.full(
      transaction_,
      {.table = table_, .rule_group_arn = std::string(rule_group_arn), .settings = std::string(settings)});
}

Result<bool> EmbeddedBlockTable::is_held(std::string_view host) {
  const auto block = tables_.find(transaction_, table_, host);
  return block && block->state == containment::State::confirmed;
}

Result<void> EmbeddedBlockTable::confirmed(const std::vector<std::string>& prefixes) {
  auto set = set_of(prefixes);
  if (!set) return pass_on(set);
  tables_.confirm(transaction_, table_, *set);
  return {};
}

Result<bool> EmbeddedBlockTable::remove(std::string_view host) {
  return tables_.remove_released(transaction_, table_, host);
}

// ---- the rule group

Result<EmbeddedRuleGroup::Description> EmbeddedRuleGroup::describe(std::string_view arn) {
  auto answer = groups_.describe(transaction_, {{"RuleGroupArn", arn}});
  if (!answer) return pass_on(answer);
  auto* document = answer->if_contains("RuleGroup");
  return Description{
      .rule_group = document && document->is_object() ? std::move(document->get_object()) : json::object{},
      .update_token = std::string(string_at(*answer, "UpdateToken")),
      .capacity = integer_at(*answer, "RuleGroupResponse.Capacity")};
}

Result<void> EmbeddedRuleGroup::update(std::string_view arn, Description changed,
                                       const std::vector<std::int64_t>& priorities) {
  json::object request{{"RuleGroupArn", arn}, {"UpdateToken", changed.update_token}, {"Description", "GD2NFW"}};
  request["RuleGroup"] = std::move(changed.rule_group);
  auto answer = groups_.update_blocks(transaction_, std::move(request), priorities);
  if (!answer) return pass_on(answer);
  return {};
}

// ---- web hooks

Result<bool> EmbeddedWebhook::was_announced(std::string_view key) {
  return transaction_.exists("SELECT 1 FROM announced WHERE key = ? AND at >= ?", key,
                             transaction_.now() - announced_kept);
}

Result<void> EmbeddedWebhook::post(std::string_view url, std::string_view body, const responders::Announcement& what) {
  transaction_.execute("DELETE FROM announced WHERE at < ?", transaction_.now() - announced_kept);
  json::array announced;
  for (const auto& key : what.keys) {
    note_announced(transaction_, key);
    announced.push_back(json::value(key));
  }
  const json::object context{{"headers", {{"content-type", "application/json"}}}, {"announced", std::move(announced)}};
  store::Outbox::add(transaction_, {.kind = "webhook",
                                    .destination = std::string(url),
                                    .payload = std::string(body),
                                    .context = to_json(context),
                                    .lane = lane_of(what.urgency),
                                    .summary = what.summary});
  return {};
}

void forget_announced(store::Transaction& transaction, const store::Due& due) {
  for (const auto& key : announced_in(due.context)) transaction.execute("DELETE FROM announced WHERE key = ?", key);
}

void remember_announced(store::Transaction& transaction, std::string_view context) {
  for (const auto& key : announced_in(context)) note_announced(transaction, key);
}

}  // namespace tocsin::builtins
