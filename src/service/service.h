// What a capability offers on AWS's wire: a table of operations over documents. Protocol, signature and
// validation against the service model are done before an operation is called, and its answer is written in the
// caller's protocol after it; so an operation sees and gives plain documents.
//
// In documents a timestamp is an RFC 3339 string and a blob is base64 text; the front converts by the model.
// Member names are the model's. Errors carry the model's error name in Error::aws_code.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "store/store.h"

namespace tocsin::service {

// Who calls, as the signature proved it.
struct Caller {
  std::string account;
  std::string arn;      // "arn:aws:iam::000000000000:user/admin"
  std::string user_id;  // "AIDA…"
  std::string access_key_id = {};
};

struct Call {
  const Caller& caller;
  const json::object& input;
  std::string_view request_id;
  std::string_view endpoint;            // "http://127.0.0.1:4747": where the caller reached us, for URLs in answers
  std::chrono::milliseconds waited{0};  // how long a long poll has waited already
  // The request's body as it came (decoded where it was sent in signed chunks), for operations with `raw_body`; empty
  // where the call did not come over the wire.
  std::string_view body = {};
  // Of a call that a task of an execution makes: how many executions stand one above the other behind it; 0 for others.
  int depth = 0;
};

using Answer = Result<json::object>;
using Read = std::function<Answer(store::Reader&, const Call&)>;
using Write = std::function<Answer(store::Transaction&, const Call&)>;
// The costly part of a write (parsing, checking, compressing) done before and beside the committer. What it returns
// must not refer to the Call.
using PreparedWrite = std::move_only_function<Answer(store::Transaction&)>;
using Prepare = std::function<Result<PreparedWrite>(const Call&)>;

// Says that a caller wants to wait: run the operation again when `signal` is raised (store::Transaction::signal), or
// give the answer as it is once `at_most` has passed since the first run.
struct Wait {
  std::string signal;
  std::chrono::milliseconds at_most;
};

struct Operation {
  std::string name;
  std::variant<Read, Write, Prepare> run;
  store::Lane lane = store::Lane::notice;
  // For long polls: decides from the answer whether to wait for a better one.
  std::function<std::optional<Wait>(const Call&, const json::object& answer)> wait = {};
  // The front does not parse or validate the body: `input` is empty, and the operation reads `body` itself. For the
  // hot path of a JSON protocol; called without a body (by a workflow), it must read `input`.
  bool raw_body = false;
  // Answers requests without a signature too (a link in a message): `caller` then has the account only, and what the
  // input holds (a token) must prove the right to call.
  bool unsigned_allowed = false;
  // For operations with `wait` whose answer is of no use before it is complete: what the caller gets where there is no
  // room to wait (then the operation is not run at all), where the time to wait is over, or where the server stops.
  // Without one: the answer as it is.
  std::optional<Error> unfinished = {};
};

// `id` is the signing name: "securityhub", "events", "sns", "sqs", "states", "lambda", "dynamodb", "network-firewall",
// "sts".
struct Service {
  std::string id;
  std::vector<Operation> operations;
};

// All operations of the program, by service and name.
class Directory {
 public:
  void add(Service service);
  // Null where there is none.
  const Operation* find(std::string_view service, std::string_view operation) const;
  bool has_service(std::string_view service) const { return services_.contains(service); }
  // Where callers reach this program ("http://127.0.0.1:4747"): the endpoint of calls that come from inside, so that
  // URLs in their answers and messages lead somewhere. Set before anything runs; empty until then.
  void set_url(std::string url) { url_ = std::move(url); }
  const std::string& url() const { return url_; }
  // Calls `visit` with the service and the operation, for each.
  void for_each(const std::function<void(std::string_view, const Operation&)>& visit) const;

 private:
  std::map<std::string, std::map<std::string, Operation, std::less<>>, std::less<>> services_;
  std::string url_;
};

// Runs an operation inside a change that is under way (a workflow task that calls it). Long polls do not wait.
Answer run_within(const Operation& operation, store::Transaction& transaction, const Call& call);

}  // namespace tocsin::service
