// BatchUpdateFindings, and sending findings to a custom action.
#include "asff/update.h"

#include <set>

#include <fmt/format.h>

#include "asff/event.h"
#include "findings/detail/body.h"
#include "findings/detail/table.h"
#include "findings/findings.h"

namespace tocsin::findings {
namespace {

// Which of the named findings were done, and which not. Source: API reference, BatchUpdateFindingsUnprocessedFinding.
struct Outcome {
  json::array processed;
  json::array unprocessed;

  void leave(const asff::FindingKey& key, std::string_view code, std::string_view message) {
    unprocessed.push_back(json::object{{"FindingIdentifier", {{"Id", key.id}, {"ProductArn", key.product_arn}}},
                                       {"ErrorCode", code},
                                       {"ErrorMessage", message}});
  }
  void done(const asff::FindingKey& key) {
    processed.push_back(json::object{{"Id", key.id}, {"ProductArn", key.product_arn}});
  }
  json::object answer() && {
    return {{"ProcessedFindings", std::move(processed)}, {"UnprocessedFindings", std::move(unprocessed)}};
  }
};

// The findings that a request names, each once; those named again are left unprocessed. Error: validation,
// InvalidInputException.
Result<std::vector<asff::FindingKey>> named_findings(const json::object& request, Outcome& outcome) {
  const auto* list = request.if_contains("FindingIdentifiers");
  if (!list || !list->is_array() || list->get_array().empty() || list->get_array().size() > asff::update_findings_max)
    return fail(ErrorCode::validation,
                fmt::format("FindingIdentifiers must be a list of 1 to {} identifiers", asff::update_findings_max),
                "InvalidInputException", "FindingIdentifiers");
  std::vector<asff::FindingKey> keys;
  std::set<asff::FindingKey> seen;
  for (const auto& value : list->get_array()) {
    const auto* object = value.if_object();
    asff::FindingKey key;
    if (object) key = {std::string(string_at(*object, "ProductArn")), std::string(string_at(*object, "Id"))};
    if (key.id.empty() || key.product_arn.empty())
      return fail(ErrorCode::validation, "an identifier needs both Id and ProductArn", "InvalidInputException",
                  "FindingIdentifiers");
    if (!seen.insert(key).second)
      outcome.leave(key, "DuplicatedFindingIdentifier", "Finding Identifier is duplicated");
    else
      keys.push_back(std::move(key));
  }
  return keys;
}

class Updater {
 public:
  Updater(store::Transaction& transaction, const Identity& hub, const asff::Update& update, std::string_view by,
          const Announce& announce)
      : transaction_{transaction}, hub_{hub}, update_{update}, by_{by}, announce_{announce}, writer_{transaction, by} {}

  // Changes one finding. Error: as the store and the bus give it; what concerns the finding alone goes to `outcome`.
  Result<void> apply(const asff::FindingKey& key, Outcome& outcome) {
    const auto stored = detail::Stored::find(transaction_, detail::store_key(key));
    if (!stored) {
      outcome.leave(key, "FindingNotFound", "Finding Not Found");
      return {};
    }
    auto finding = stored->document(transaction_);
    if (!finding) return pass_on(finding);
    auto applied = update_.apply(std::move(*finding), transaction_.now());
    if (!applied) {
      const auto& error = applied.error();
      outcome.leave(key, error.aws_code.empty() ? "InvalidInput" : error.aws_code, error.message);
      return {};
    }
    outcome.done(key);
    if (applied->changes.empty()) return {};
    return write(key, *stored, *applied);
  }

 private:
  Result<void> write(const asff::FindingKey& key, const detail::Stored& stored, const asff::Update::Applied& applied) {
    const auto text = to_json(applied.finding);
    writer_.replace(stored, detail::columns_of(applied.finding), detail::to_body(text));
    asff::UpdateSource source{
        .type = std::string(detail::to_string(detail::Source::update)), .identity = std::string(by_), .fields = {}};
    json::array changes;
    for (const auto& change : applied.changes) {
      source.fields.push_back(change.field);
      changes.push_back(asff::history_update(change));
    }
    writer_.add_history(stored.seq, detail::Source::update, std::move(changes));
    const asff::EventHeader header{.id = make_uuid(transaction_.random()), .time = transaction_.now(), .hub = hub_};
    return announce_(transaction_, asff::imported_event(text, key, header, &source));
  }

  store::Transaction& transaction_;
  const Identity& hub_;
  const asff::Update& update_;
  std::string_view by_;
  const Announce& announce_;
  detail::Writer writer_;
};

}  // namespace

Result<json::object> Findings::update(store::Transaction& transaction, const json::object& request,
                                      std::string_view by) const {
  if (auto enabled = hub_.require_enabled(transaction); !enabled) return pass_on(enabled);
  Outcome outcome;
  const auto keys = named_findings(request, outcome);
  if (!keys) return std::unexpected(keys.error());
  const auto compiled = asff::Update::compile(request);
  if (!compiled) return std::unexpected(compiled.error());
  Updater updater{transaction, options_.identity, *compiled, by, announce_};
  for (const auto& key : *keys)
    if (auto applied = updater.apply(key, outcome); !applied) return pass_on(applied);
  return std::move(outcome).answer();
}

Result<json::object> Findings::send_to_action(store::Transaction& transaction, const json::object& input) const {
  if (auto enabled = hub_.require_enabled(transaction); !enabled) return pass_on(enabled);
  auto target = hub_.action_target(transaction, string_at(input, "ActionTargetArn"));
  if (!target) return pass_on(target);
  Outcome outcome;
  const auto keys = named_findings(input, outcome);
  if (!keys) return std::unexpected(keys.error());
  const asff::CustomAction action{target->arn, target->name, target->description};
  std::vector<std::string> texts;
  const auto send = [&]() -> Result<void> {
    const asff::EventHeader header{
        .id = make_uuid(transaction.random()), .time = transaction.now(), .hub = options_.identity};
    const auto event = asff::custom_action_event(texts, action, header);
    texts.clear();
    return announce_(transaction, event);
  };
  for (const auto& key : *keys) {
    const auto stored = detail::Stored::find(transaction, detail::store_key(key));
    if (!stored) {
      outcome.leave(key, "FindingNotFound", "Finding Not Found");
      continue;
    }
    auto text = stored->text(transaction);
    if (!text) return pass_on(text);
    texts.push_back(std::move(*text));
    outcome.done(key);
    if (texts.size() == asff::custom_action_findings_max)
      if (auto sent = send(); !sent) return pass_on(sent);
  }
  if (!texts.empty())
    if (auto sent = send(); !sent) return pass_on(sent);
  return std::move(outcome).answer();
}

}  // namespace tocsin::findings
