// functions: the registry of functions and Lambda's API over it. A function is a name with a configuration; what it
// does is built in and named by its Handler. Functions in other languages (Lambda's runtime interface) are not there
// yet.
//
// An invocation runs inside the caller's transaction. A function that fails raises: what it wrote is rolled back, the
// failure is counted, and the caller (the bus, a workflow) retries or tells.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/identity.h"
#include "service/destination.h"
#include "service/service.h"
#include "store/store.h"

namespace tocsin::functions {

std::span<const store::Migration> migrations();

struct Invocation {
  std::string function_arn;
  std::string function_name;
  std::string request_id;
  std::string idempotency_key;  // the same over all tries of one delivery; empty where there is none
  std::map<std::string, std::string> environment;
};

// What a handler does: event in, answer out. An Error is the function's failure; aws_code is its error type.
using Builtin = std::function<Result<json::value>(store::Transaction&, const json::value& event, const Invocation&)>;

struct FunctionCount {
  std::string name;
  std::int64_t invocations = 0;
  std::int64_t errors = 0;
  std::string last_error;  // message of the latest failure; empty: none yet
};

class Registry final : public service::Destination {
 public:
  explicit Registry(Identity identity) : identity_{std::move(identity)} {}

  // Before the store starts. `handler` is what a function's Handler property names.
  void add_builtin(std::string handler, Builtin builtin);
  std::vector<std::string> handlers() const;
  // Registers the outbox kind "function-event" (Invoke with InvocationType Event).
  void attach(store::Outbox& outbox);

  // `function`: a name, a partial ARN, or an ARN. Error: not_found (ResourceNotFoundException); else the function's own
  // failure, counted, with everything that it wrote rolled back.
  Result<json::value> invoke(store::Transaction& transaction, std::string_view function, const json::value& event,
                             std::string_view idempotency_key = {});

  // An event for a function: its body is the payload.
  Result<void> deliver(store::Transaction& transaction, const std::string& arn,
                       const service::Message& message) override;

  std::vector<FunctionCount> counts(store::Reader& reader) const;
  // The functions that a built-in handler serves.
  std::vector<std::string> names_by_handler(store::Reader& reader, std::string_view handler) const;

  // Operations of the Lambda API, on documents of its model.
  service::Answer create(store::Transaction& transaction, const service::Call& call);
  service::Answer update_configuration(store::Transaction& transaction, const service::Call& call);
  service::Answer remove(store::Transaction& transaction, const service::Call& call);
  service::Answer get(store::Reader& reader, const service::Call& call) const;
  service::Answer get_configuration(store::Reader& reader, const service::Call& call) const;
  service::Answer list(store::Reader& reader, const service::Call& call) const;
  service::Answer invoke_operation(store::Transaction& transaction, const service::Call& call);
  // Who may invoke a function. Recorded and shown; nothing evaluates it yet.
  service::Answer add_permission(store::Transaction& transaction, const service::Call& call);
  service::Answer remove_permission(store::Transaction& transaction, const service::Call& call);
  service::Answer get_policy(store::Reader& reader, const service::Call& call) const;
  service::Answer tag(store::Transaction& transaction, const service::Call& call);
  service::Answer untag(store::Transaction& transaction, const service::Call& call);
  service::Answer list_tags(store::Reader& reader, const service::Call& call) const;
  // Refused with a sentence: functions are built in.
  service::Answer update_code(store::Reader& reader, const service::Call& call) const;

 private:
  struct Function {
    std::string name, arn, handler, revision;
    json::object configuration;
    Time modified;
  };
  Result<Function> find(store::Reader& reader, std::string_view function) const;
  Result<void> check_configuration(const json::object& configuration) const;
  void count(store::Transaction& transaction, const std::string& name, const Error* error);
  json::object tags_of(store::Reader& reader, const std::string& name) const;
  Result<void> set_tags(store::Transaction& transaction, const std::string& name, const json::object& tags);
  json::object describe(const Function& function) const;

  Identity identity_;
  std::map<std::string, Builtin, std::less<>> builtins_;
};

// The operations table of Lambda ("lambda").
service::Service service(Registry& registry);

// "arn:aws:lambda:us-east-1:1:function:name:alias", "1:function:name", "name" → "name".
std::string function_name(std::string_view function);

}  // namespace tocsin::functions
