// Security Hub over the store: takes findings in, keeps them, finds them, lets them be updated, tells their history,
// sends them to custom actions. Every accepted import and every update that changes something is announced as an
// EventBridge event, one finding an event, in the same transaction.
//
// What is kept: the finding as JSON, compressed, and beside it the columns that common filters look at (schema.cpp).
// What is announced: asff::imported_event. The event of an update (BatchUpdateFindings, or update() below) has
//   detail.updateSource = {"type": "BATCH_UPDATE_FINDINGS", "identity": <ARN of who made it>, "fields": [<what
//   changed>]}
// and the event of an import has no such member. So a rule that must not wake on a responder's own update asks for
//   {"detail": {"updateSource": {"type": [{"exists": false}]}}}
// which holds for every event of a real account too. An update that changes nothing is not written and not announced.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "asff/asff.h"
#include "findings/hub.h"
#include "service/service.h"
#include "store/store.h"

namespace tocsin::findings {

// The tables of this room.
std::span<const store::Migration> migrations();

// Whose findings BatchImportFindings takes.
enum class Providers {
  // Any company's product ("product/<company>/<product>", AWS's own included: an export is brought in with its ARNs),
  // of any account and Region; a default product ("product/<account>/default") only of the own account, Region and
  // partition, with AwsAccountId its own, as AWS has it.
  companies_and_own_account,
  anyone,
};

struct Options {
  Identity identity;
  const Clock* clock;
  Providers providers = Providers::companies_and_own_account;
  // Counted from the last import or update. Source: Security Hub user guide, "Retention".
  std::chrono::hours keep_active = std::chrono::days{90};
  std::chrono::hours keep_archived = std::chrono::days{30};
  // So many of the newest findings are looked through one by one in every search; then they go into the indexes
  // together, which costs a third of putting in each as it comes. 2,048 hold up the committer for 5 to 12 ms.
  std::int64_t fresh_max = 2'048;
};

// Where events go: the rules' bus. An error makes the whole change fail.
using Announce = std::function<Result<void>(store::Transaction&, std::string_view event)>;

// What became of the findings of a batch or an event.
struct Taken {
  std::vector<asff::FindingKey> created;
  std::vector<asff::FindingKey> updated;
  std::vector<asff::FindingKey> ignored;  // not newer than what is stored
  json::array failed;                     // as FailedFindings: {Id, ErrorCode, ErrorMessage}

  // False: all of it is stored already.
  bool is_new() const { return ignored.empty() || !created.empty() || !updated.empty(); }
};

// Findings by severity, workflow status and record state.
struct Summary {
  std::int64_t total = 0;
  std::int64_t active = 0;
  std::vector<std::pair<std::string, std::int64_t>> by_severity;  // of the active ones, most severe first
  std::vector<std::pair<std::string, std::int64_t>> by_workflow;  // of the active ones
};

// Findings that are checked and laid out for the store (prepared.h); used once.
struct PreparedBatch;
using Prepared = std::shared_ptr<PreparedBatch>;

class Findings {
 public:
  Findings(Options options, Announce announce);
  ~Findings();

  const Hub& hub() const { return hub_; }

  // Checks the findings of a BatchImportFindings request and lays them out for the store. Reads no store. Error:
  // validation, InvalidInputException: no list, none or more than 100 findings in it, more than 6 MB. `providers`:
  // instead of the options'.
  Result<Prepared> prepare_import(const json::object& input, std::string_view by,
                                  std::optional<Providers> providers = {}) const;
  // The same from the request's body.
  Result<Prepared> prepare_import_body(std::string_view body, std::string_view by,
                                       std::optional<Providers> providers = {}) const;
  // Stores and announces them. Error: denied, InvalidAccessException, where the hub is not enabled.
  Result<Taken> import(store::Transaction& transaction, Prepared prepared) const;

  // Records the findings that an event with source aws.securityhub or aws.guardduty carries (GuardDuty's are
  // converted). They are announced to `announce` alone, if given: an event of Security Hub's is its own announcement,
  // one of GuardDuty's is not. Nothing is recorded where the hub is not enabled, or where the event carries none. Both
  // steps in one; the first may be made beside the committer.
  Prepared prepare_event(std::string_view event) const;
  Prepared prepare_event(const json::object& event) const;
  Result<Taken> record(store::Transaction& transaction, Prepared prepared, const Announce* announce = nullptr) const;
  Result<Taken> record_from_event(store::Transaction& transaction, std::string_view event) const {
    return record(transaction, prepare_event(event));
  }
  Result<Taken> record_from_event(store::Transaction& transaction, const json::object& event) const {
    return record(transaction, prepare_event(event));
  }

  // GetFindings. Pages hold at most MaxResults findings (100 by default), and fewer where a page's share of work is
  // used up: NextToken tells whether there is more. Without SortCriteria the newest arrival comes first, and a finding
  // that is there all the while is seen exactly once, whatever is imported or updated meanwhile. With SortCriteria
  // this holds for findings whose sort fields do not change meanwhile. Error: validation, InvalidInputException.
  Result<json::object> get_findings(store::Reader& reader, const json::object& input) const;
  // One finding; nothing where there is none. Error: corrupt.
  Result<std::optional<json::object>> find(store::Reader& reader, const asff::FindingKey& key) const;
  // The same. Error: also not_found.
  Result<json::object> get(store::Reader& reader, const asff::FindingKey& key) const;

  // BatchUpdateFindings, made by `by` (an ARN). Error: validation, InvalidInputException; denied,
  // InvalidAccessException. What could not be updated is in the answer's UnprocessedFindings.
  Result<json::object> update(store::Transaction& transaction, const json::object& request, std::string_view by) const;

  // GetFindingHistory: newest record first, the creation last.
  Result<json::object> history(store::Reader& reader, const json::object& input) const;

  // Sends findings to a custom action: announces "Security Hub Findings - Custom Action" events of up to 20 findings.
  // AWS offers this in its console only; input {ActionTargetArn, FindingIdentifiers: [{Id, ProductArn}]}, answer
  // {ProcessedFindings, UnprocessedFindings} as of BatchUpdateFindings. Error: not_found, ResourceNotFoundException;
  // validation; denied.
  Result<json::object> send_to_action(store::Transaction& transaction, const json::object& input) const;

  Summary summary(store::Reader& reader) const;
  // How many findings have one of these severity labels and one of these workflow statuses; none given: any.
  std::int64_t count(store::Reader& reader, const std::vector<std::string>& labels,
                     const std::vector<std::string>& workflows) const;

  // Retention. Registers the timer's handler (before the store starts) and makes sure that it is set.
  void register_timer(store::Outbox& outbox) const;
  void set_timer(store::Transaction& transaction) const;

 private:
  Result<Taken> take(store::Transaction& transaction, const Prepared& prepared, const Announce* announce) const;

  Options options_;
  Announce announce_;
  Hub hub_;
};

// The operations of the signing name "securityhub". `findings` must outlive it. Beside AWS's operations there is
// InvokeActionTarget (send_to_action).
service::Service service(const Findings& findings);
// Of "tocsin", which AWS has no API for. ImportFindings: as BatchImportFindings, but of any account's default products
// too, since an export may come from anywhere. CountFindings {SeverityLabel, WorkflowStatus}: {Count}.
std::vector<service::Operation> operator_operations(const Findings& findings);

}  // namespace tocsin::findings
