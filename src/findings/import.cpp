// BatchImportFindings, and the recording of what events carry.
#include <algorithm>

#include <fmt/format.h>

#include "asff/event.h"
#include "asff/merge.h"
#include "asff/recognise.h"
#include "asff/validate.h"
#include "findings/detail/body.h"
#include "findings/detail/scratch.h"
#include "findings/detail/table.h"
#include "findings/findings.h"
#include "findings/prepared.h"

namespace tocsin::findings {
namespace {

// Source: Security Hub partner guide, "BatchImportFindings".
constexpr std::size_t batch_bytes_max = 6u << 20;
// FailedFindings wants an Id of at least one character.
constexpr std::string_view no_id = "unknown";

// Is this the default product of somebody else, or a finding of another account under the own default product?
bool is_foreign_default_product(const json::object& finding, const Identity& own) {
  const auto product = string_at(finding, "ProductArn");
  if (!product.ends_with("/default")) return false;
  return product != asff::default_product_arn(own) || string_at(finding, "AwsAccountId") != own.account;
}

bool is_text(const json::object& finding, std::string_view member) {
  const auto* value = finding.if_contains(member);
  return value && value->is_string() && !value->get_string().empty();
}

// Is every element of the list under `member` as `test` says? True where there is no such list.
template <class Test>
bool all_are(const json::object& finding, std::string_view member, Test test) {
  const auto* value = finding.if_contains(member);
  return !value || (value->is_array() && std::ranges::all_of(value->get_array(), test));
}

// A finding that Security Hub or GuardDuty has sent out is as good as theirs are, which is not always what AWS's own
// model asks of an import. It is recorded if it has what names, sorts and updates it.
bool is_recordable(const json::object& finding) {
  for (const auto* member : {"Id", "ProductArn", "AwsAccountId", "GeneratorId", "Title"})
    if (!is_text(finding, member)) return false;
  for (const auto* member : {"CreatedAt", "UpdatedAt"})
    if (!asff::parse_timestamp(string_at(finding, member))) return false;
  for (const auto* member : {"Severity", "Workflow", "Note", "FindingProviderFields", "ProductFields"})
    if (const auto* value = finding.if_contains(member); value && !value->is_object()) return false;
  return all_are(finding, "Types", [](const json::value& type) { return type.is_string(); }) &&
         all_are(finding, "Resources", [](const json::value& resource) { return resource.is_object(); });
}

// Bytes of all texts in a value, unescaped.
std::size_t text_weight(const json::value& value) {
  std::size_t bytes = 2;
  if (const auto* text = value.if_string()) {
    bytes += text->size();
  } else if (const auto* list = value.if_array()) {
    for (const auto& element : *list) bytes += text_weight(element);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) bytes += member.key().size() + 4 + text_weight(member.value());
  } else {
    bytes += 24;  // the longest number
  }
  return bytes;
}

// Most findings are so small that they need not be measured: an escaped character takes six bytes at most.
bool may_be_too_large(const json::object& finding) {
  std::size_t bytes = 0;
  for (const auto& member : finding) bytes += member.key().size() + text_weight(member.value());
  return bytes > asff::finding_bytes_max / 8;
}

enum class Demand {
  valid,       // as BatchImportFindings asks
  recordable,  // of findings that AWS has sent out
};

// Turns one finding into its stored form, or into an entry of FailedFindings.
class Preparer {
 public:
  Preparer(const Options& options, Demand demand, Time now, std::optional<Providers> providers = {})
      : demand_{demand},
        providers_{providers.value_or(options.providers)},
        policy_{.hub = options.identity, .any_account = true},
        context_{.hub = options.identity, .now = now} {}

  void add(json::value&& value) {
    if (auto* finding = value.if_object())
      add(std::move(*finding));
    else
      refuse("", "InvalidInput", "Finding does not adhere to Amazon Finding Format. data should be object.");
  }

  void add(json::object&& finding) {
    const auto bytes = may_be_too_large(finding) ? to_json(finding).size() : 0;
    if (auto violations = asff::validate(finding, bytes, policy_);
        !violations.empty() && (demand_ == Demand::valid || !is_recordable(finding)))
      refuse(string_at(finding, "Id"), asff::error_code(violations), asff::error_message(violations));
    else if (demand_ == Demand::valid && providers_ == Providers::companies_and_own_account &&
             is_foreign_default_product(finding, policy_.hub))
      refuse(string_at(finding, "Id"), "InvalidAccess",
             fmt::format("Account {} may import findings of a default product only for itself, with the ProductArn {}",
                         policy_.hub.account, asff::default_product_arn(policy_.hub)));
    else
      lay_out(std::move(finding));
  }

  void refuse(std::string_view id, std::string_view code, std::string_view message) {
    result.failed.push_back(
        json::object{{"Id", id.empty() ? no_id : id}, {"ErrorCode", code}, {"ErrorMessage", message}});
  }

  PreparedBatch result;

 private:
  void lay_out(json::object&& finding) {
    auto& prepared = result.findings.emplace_back();
    const auto merged = asff::merge_import(nullptr, std::move(finding), context_);
    prepared.text = to_json(merged.finding);
    prepared.key = asff::key_of(merged.finding);
    prepared.columns = detail::columns_of(merged.finding);
    prepared.body = detail::to_body(prepared.text);
  }

  Demand demand_;
  Providers providers_;
  asff::ImportPolicy policy_;
  asff::ImportContext context_;
};

std::unexpected<Error> bad_list(std::string_view why) {
  return fail(ErrorCode::validation, fmt::format("Invalid parameter 'Findings'. {}", why), "InvalidInputException",
              "Findings");
}

std::unexpected<Error> too_large() {
  return fail(ErrorCode::validation, "The findings of a batch must not be larger than 6 MB together",
              "InvalidInputException", "Findings");
}

// A batch's documents take three to four times its text. Each thread that prepares keeps its own, emptied for each
// batch.
detail::Scratch& batch_scratch() {
  constexpr std::size_t bytes = 2u << 20;
  thread_local detail::Scratch scratch{bytes};
  scratch.clear();
  return scratch;
}

// Null: the request has none.
Result<Prepared> prepare_list(Preparer& preparer, json::value* findings, std::string_view by) {
  if (!findings) return bad_list("data should have required property 'Findings'");
  if (!findings->is_array()) return bad_list("data.Findings should be array");
  auto& list = findings->get_array();
  if (list.empty()) return bad_list("data.Findings should NOT have fewer than 1 items");
  if (list.size() > asff::import_findings_max)
    return bad_list(fmt::format("data.Findings should NOT have more than {} items", asff::import_findings_max));
  preparer.result.by = by;
  preparer.result.findings.reserve(list.size());
  for (auto& finding : list) preparer.add(std::move(finding));
  return std::make_shared<PreparedBatch>(std::move(preparer.result));
}

}  // namespace

Result<Prepared> Findings::prepare_import_body(std::string_view body, std::string_view by,
                                               std::optional<Providers> providers) const {
  if (body.size() > batch_bytes_max) return too_large();
  Preparer preparer{options_, Demand::valid, options_.clock->now(), providers};
  auto& scratch = batch_scratch();
  auto input = parse_json_object(body, scratch.storage());
  if (!input) return fail(ErrorCode::validation, input.error().message, "InvalidInputException");
  return prepare_list(preparer, input->if_contains("Findings"), by);
}

Result<Prepared> Findings::prepare_import(const json::object& input, std::string_view by,
                                          std::optional<Providers> providers) const {
  Preparer preparer{options_, Demand::valid, options_.clock->now(), providers};
  const auto* list = input.if_contains("Findings");
  if (!list) return prepare_list(preparer, nullptr, by);
  auto& scratch = batch_scratch();
  json::value own(*list, scratch.storage());
  if (text_weight(own) > batch_bytes_max / 8 && to_json(own).size() > batch_bytes_max) return too_large();
  return prepare_list(preparer, &own, by);
}

Prepared Findings::prepare_event(std::string_view event) const {
  const auto document = parse_json_object(event);
  return document ? prepare_event(*document) : std::make_shared<PreparedBatch>();
}

Prepared Findings::prepare_event(const json::object& event) const {
  const auto source = string_at(event, "source");
  if (source != "aws.securityhub" && source != "aws.guardduty") return std::make_shared<PreparedBatch>();
  Preparer preparer{options_, Demand::recordable, options_.clock->now()};
  preparer.result.by = hub_.identity().arn("events", "event-bus/default");
  for (auto& item : asff::recognise(event, options_.identity)) {
    if (item.finding)
      preparer.add(std::move(*item.finding));
    else
      preparer.refuse(item.id, "InvalidInput", item.finding.error().message);
  }
  return std::make_shared<PreparedBatch>(std::move(preparer.result));
}

namespace {

// Stores one batch; `announce` is null where nothing is to be announced.
class Taker {
 public:
  Taker(store::Transaction& transaction, const Identity& hub, const std::string& by, const Announce* announce)
      : transaction_{transaction}, hub_{hub}, announce_{announce}, writer_{transaction, by} {}

  Result<void> take(const PreparedFinding& prepared) {
    if (!writer_.insert(prepared.columns, prepared.body)) return merge(prepared);
    taken.created.push_back(prepared.key);
    return announce(prepared.text, prepared.key);
  }

  void index_many(std::int64_t fresh_max) { writer_.index_many(fresh_max); }

  Taken taken;

 private:
  Result<void> merge(const PreparedFinding& prepared) {
    const auto stored = detail::Stored::find(transaction_, prepared.columns.key);
    if (!stored) return fail(ErrorCode::unavailable, "a finding is neither new nor stored");
    // What is not newer (to the microsecond) is seen without reading the finding itself.
    if (prepared.columns.updated_at <= stored->updated_at) return ignore(prepared);
    scratch_.clear();
    const auto existing = stored->document(transaction_, scratch_.storage());
    if (!existing) return std::unexpected(existing.error());
    auto incoming = parse_json_object(prepared.text, scratch_.storage());
    if (!incoming) return pass_on(incoming);
    const auto merged = asff::merge_import(&*existing, std::move(*incoming), {.hub = hub_, .now = transaction_.now()});
    if (merged.outcome == asff::ImportOutcome::ignored) return ignore(prepared);
    const auto text = to_json(merged.finding);
    writer_.replace(*stored, detail::columns_of(merged.finding), detail::to_body(text));
    json::array changes;
    for (const auto& change : asff::changes_between(*existing, merged.finding))
      changes.push_back(asff::history_update(change));
    if (!changes.empty()) writer_.add_history(stored->seq, detail::Source::import, std::move(changes));
    taken.updated.push_back(prepared.key);
    return announce(text, prepared.key);
  }

  Result<void> ignore(const PreparedFinding& prepared) {
    taken.ignored.push_back(prepared.key);
    return {};
  }

  Result<void> announce(std::string_view text, const asff::FindingKey& key) {
    if (!announce_) return {};
    const asff::EventHeader header{.id = make_uuid(transaction_.random()), .time = transaction_.now(), .hub = hub_};
    return (*announce_)(transaction_, asff::imported_event(text, key, header));
  }

  store::Transaction& transaction_;
  const Identity& hub_;
  const Announce* announce_;
  detail::Writer writer_;
  detail::Scratch scratch_{64 * 1024};
};

}  // namespace

Result<Taken> Findings::take(store::Transaction& transaction, const Prepared& prepared,
                             const Announce* announce) const {
  Taker taker{transaction, options_.identity, prepared->by, announce};
  for (const auto& finding : prepared->findings)
    if (auto done = taker.take(finding); !done) return pass_on(done);
  taker.index_many(options_.fresh_max);
  taker.taken.failed = std::move(prepared->failed);
  return std::move(taker.taken);
}

Result<Taken> Findings::import(store::Transaction& transaction, Prepared prepared) const {
  if (auto enabled = hub_.require_enabled(transaction); !enabled) return pass_on(enabled);
  return take(transaction, prepared, &announce_);
}

Result<Taken> Findings::record(store::Transaction& transaction, Prepared prepared, const Announce* announce) const {
  if (prepared->findings.empty() || !hub_.is_enabled(transaction)) {
    Taken nothing;
    nothing.failed = std::move(prepared->failed);
    return nothing;
  }
  return take(transaction, prepared, announce);
}

}  // namespace tocsin::findings
