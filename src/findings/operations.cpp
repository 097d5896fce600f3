// The operations table of the signing name "securityhub".
#include "findings/findings.h"
#include "findings/prepared.h"

namespace tocsin::findings {
namespace {

using service::Answer;
using service::Call;
using service::Operation;
using service::PreparedWrite;
using service::Read;
using service::Write;

// A hub's method as an operation.
template <Result<json::object> (Hub::*method)(store::Reader&, const json::object&) const>
Read read(const Hub& hub) {
  return [&hub](store::Reader& reader, const Call& call) -> Answer { return (hub.*method)(reader, call.input); };
}
template <Result<json::object> (Hub::*method)(store::Transaction&, const json::object&) const>
Write write(const Hub& hub) {
  return [&hub](store::Transaction& transaction, const Call& call) -> Answer {
    return (hub.*method)(transaction, call.input);
  };
}

json::object import_answer(Taken taken) {
  const auto stored = taken.created.size() + taken.updated.size() + taken.ignored.size();
  return {{"FailedCount", taken.failed.size()}, {"SuccessCount", stored}, {"FailedFindings", std::move(taken.failed)}};
}

service::Prepare import(const Findings& findings, std::optional<Providers> providers = {}) {
  return [&findings, providers](const Call& call) -> Result<PreparedWrite> {
    auto prepared = call.body.empty() ? findings.prepare_import(call.input, call.caller.arn, providers)
                                      : findings.prepare_import_body(call.body, call.caller.arn, providers);
    if (!prepared) return pass_on(prepared);
    return PreparedWrite{
        [&findings, prepared = std::move(*prepared)](store::Transaction& transaction) mutable -> Answer {
          auto taken = findings.import(transaction, std::move(prepared));
          if (!taken) return pass_on(taken);
          return import_answer(std::move(*taken));
        }};
  };
}

std::vector<std::string> texts_at(const json::object& input, std::string_view member) {
  std::vector<std::string> texts;
  if (const auto* list = input.if_contains(member); list && list->is_array())
    for (const auto& one : list->get_array())
      if (one.is_string()) texts.emplace_back(one.get_string());
  return texts;
}

}  // namespace

std::vector<Operation> operator_operations(const Findings& findings) {
  return {{.name = "ImportFindings",
           .run = import(findings, Providers::anyone),
           .lane = store::Lane::bulk,
           .raw_body = true},
          {.name = "CountFindings", .run = Read{[&findings](store::Reader& reader, const Call& call) -> Answer {
                                      return json::object{
                                          {"Count", findings.count(reader, texts_at(call.input, "SeverityLabel"),
                                                                   texts_at(call.input, "WorkflowStatus"))}};
                                    }}}};
}

service::Service service(const Findings& findings) {
  const Hub& hub = findings.hub();
  std::vector<Operation> operations;
  const auto add = [&](std::string name, auto run) {
    operations.push_back({.name = std::move(name), .run = std::move(run)});
  };
  add("EnableSecurityHub", write<&Hub::enable>(hub));
  add("DescribeHub", read<&Hub::describe>(hub));
  add("UpdateSecurityHubConfiguration", write<&Hub::update_configuration>(hub));
  add("DisableSecurityHub", Write{[&hub](store::Transaction& t, const Call&) { return hub.disable(t); }});
  add("DescribeStandards", read<&Hub::describe_standards>(hub));
  add("DescribeStandardsControls", read<&Hub::describe_standards_controls>(hub));
  add("BatchEnableStandards", write<&Hub::enable_standards>(hub));
  add("BatchDisableStandards", write<&Hub::disable_standards>(hub));
  add("GetEnabledStandards", read<&Hub::enabled_standards>(hub));
  add("CreateActionTarget", write<&Hub::create_action_target>(hub));
  add("DescribeActionTargets", read<&Hub::describe_action_targets>(hub));
  add("UpdateActionTarget", write<&Hub::update_action_target>(hub));
  add("DeleteActionTarget", write<&Hub::delete_action_target>(hub));
  add("TagResource", write<&Hub::tag>(hub));
  add("UntagResource", write<&Hub::untag>(hub));
  add("ListTagsForResource", read<&Hub::list_tags>(hub));
  // The front's check by the model would refuse a whole batch for one bad finding, so it is left out.
  operations.push_back(
      {.name = "BatchImportFindings", .run = import(findings), .lane = store::Lane::bulk, .raw_body = true});
  add("GetFindings",
      Read{[&findings](store::Reader& reader, const Call& call) { return findings.get_findings(reader, call.input); }});
  add("GetFindingHistory",
      Read{[&findings](store::Reader& reader, const Call& call) { return findings.history(reader, call.input); }});
  add("BatchUpdateFindings", Write{[&findings](store::Transaction& transaction, const Call& call) {
        return findings.update(transaction, call.input, call.caller.arn);
      }});
  add("InvokeActionTarget", Write{[&findings](store::Transaction& transaction, const Call& call) {
        return findings.send_to_action(transaction, call.input);
      }});
  return {"securityhub", std::move(operations)};
}

}  // namespace tocsin::findings
