#include "app/operator_service.h"

#include <fmt/format.h>

#include "app/engine.h"
#include "core/time_format.h"

namespace tocsin::app {
namespace {

using service::Answer;
using service::Call;
using store::Reader;
using store::Transaction;

template <class Rows>
json::array documents(const Rows& rows) {
  json::array list;
  for (const auto& row : rows) list.push_back(containment::to_document(row));
  return list;
}

// The table that a person's block goes to: the one named, else the only one.
Result<std::string> table_of(Engine& engine, Reader& reader, const Call& call) {
  if (const auto named = string_at(call.input, "Table"); !named.empty()) return std::string(named);
  const auto tables = engine.containment().tables().tables(reader, "", 2);
  if (tables.size() == 1) return tables[0];
  return fail(ErrorCode::validation,
              tables.empty() ? "there is no block table; load the stack ip-blocking"
                             : "there are several block tables; name one",
              "ValidationException", "Table");
}

Answer block(Engine& engine, Transaction& transaction, const Call& call) {
  auto table = table_of(engine, transaction, call);
  if (!table) return pass_on(table);
  const std::string address{string_at(call.input, "Address")};
  auto outcome =
      engine.containment().tables().block(transaction, {.table = *table,
                                                        .host = address,
                                                        .timestamp = format_rfc3339(transaction.now()),
                                                        .actor = call.caller.arn,
                                                        .reason = std::string(string_at(call.input, "Reason")),
                                                        .intent = containment::Intent::manual});
  if (!outcome) return pass_on(outcome);
  if (outcome->refusal)
    return json::object{{"Refused",
                         {{"Address", address},
                          {"Code", outcome->refusal->code},
                          {"Reason", outcome->refusal->reason},
                          {"By", call.caller.arn}}}};
  if (auto enforced = engine.enforce(transaction); !enforced) return pass_on(enforced);
  const auto now = engine.containment().tables().find(transaction, *table, outcome->block.host);
  return json::object{{"Block", containment::to_document(now ? *now : outcome->block)}};
}

Answer unblock(Engine& engine, Transaction& transaction, const Call& call) {
  auto released = engine.containment().unblock(transaction, string_at(call.input, "Address"),
                                               string_at(call.input, "Reason"), call.caller.arn);
  if (!released) return pass_on(released);
  return json::object{{"Released", documents(released->released)},
                      {"TakenOut", documents(released->taken_out)},
                      {"LeftIn", documents(released->left_in)},
                      {"HeldUntil", format_rfc3339(released->hold.until)}};
}

Answer protect(Engine& engine, Transaction& transaction, const Call& call) {
  auto released = engine.containment().never_block(transaction, string_at(call.input, "Address"),
                                                   string_at(call.input, "Reason"), call.caller.arn);
  if (!released) return pass_on(released);
  return json::object{{"Released", documents(*released)}};
}

Answer unprotect(Engine& engine, Transaction& transaction, const Call& call) {
  auto removed = engine.containment().remove_never_block(transaction, string_at(call.input, "Address"));
  if (!removed) return pass_on(removed);
  return json::object{{"Released", json::array{}}};
}

// Whose this server is, so that the program's own commands need not be told.
Answer installation(const Engine& engine, const Call& call) {
  const Identity& identity = engine.identity();
  return json::object{{"Account", identity.account},
                      {"Region", identity.region},
                      {"Partition", identity.partition},
                      {"Url", call.endpoint}};
}

}  // namespace

service::Service operator_service(Engine& engine) {
  using service::Read;
  using service::Write;
  constexpr auto lane = store::Lane::containment;
  return {
      "tocsin",
      {
          {"GetInstallation", Read{[&engine](Reader&, const Call& c) -> Answer { return installation(engine, c); }}},
          {"ListBlocks", Read{[&engine](Reader& r, const Call&) -> Answer { return engine.containment().report(r); }}},
          {"BlockAddress", Write{[&engine](Transaction& t, const Call& c) { return block(engine, t, c); }}, lane},
          {"UnblockAddress", Write{[&engine](Transaction& t, const Call& c) { return unblock(engine, t, c); }}, lane},
          {"ProtectAddress", Write{[&engine](Transaction& t, const Call& c) { return protect(engine, t, c); }}, lane},
          {"UnprotectAddress", Write{[&engine](Transaction& t, const Call& c) { return unprotect(engine, t, c); }},
           lane},
      }};
}

}  // namespace tocsin::app
