#include "api/front.h"

#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "api/input.h"
#include "api/output.h"
#include "api/protocol.h"
#include "api/waits.h"
#include "core/check.h"
#include "sigv4/sigv4.h"

namespace tocsin::api {
namespace {

// Bodies up to this size are read on the network thread: a hop to the pool would cost more than the work.
constexpr std::size_t inline_bytes_max = 16u << 10;

// How a service answers invalid input.
struct Manners {
  Wording wording = Wording::coral;
  std::string_view invalid = "ValidationException";  // the error's name; this one is ValidationError in query
  bool checks_enums = true;
};

Manners manners_of(std::string_view service) {
  if (service == "securityhub") return {.wording = Wording::ajv, .invalid = "InvalidInputException"};
  if (service == "sqs") return {.invalid = "InvalidParameterValue", .checks_enums = false};
  return {};
}

sigv4::Request as_signed(const http::Request& request) {
  sigv4::Request out{.method = request.method, .target = request.target, .headers = {}, .body = request.body};
  for (const auto& [name, value] : request.headers) out.headers.push_back({name, value});
  return out;
}

std::unexpected<Error> internal_failure(const char* what) {
  return fail(ErrorCode::corrupt, fmt::format("The operation failed inside: {}", what), "InternalFailure");
}

// Code of others must not take the process down: what throws is answered with InternalFailure.
template <class F>
auto guarded(F run) -> std::invoke_result_t<F> {
  try {
    return run();
  } catch (const std::exception& thrown) {
    return internal_failure(thrown.what());
  }
}

}  // namespace

// One request on its way through.
struct Exchange {
  Exchange(http::Request from, http::Responder to) : request{std::move(from)}, responder{std::move(to)} {}

  http::Request request;
  http::Responder responder;
  std::string request_id, endpoint;
  Target target;
  const service::Operation* operation = nullptr;
  service::Caller caller;
  std::string decoded;  // the body, where it came in chunks
  bool is_decoded = false;
  json::object input;
  std::chrono::steady_clock::time_point first_run{};
  std::uint64_t sequence = 0;  // of signals, before the run
  bool is_last_run = false;
  std::string woken_by;  // the signal that led to this run
  json::object answer;
  std::atomic<std::uint64_t> wait = 0;

  std::string_view body() const { return is_decoded ? decoded : request.body; }
  service::Call call() const {
    const auto waited =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - first_run);
    return {.caller = caller,
            .input = input,
            .request_id = request_id,
            .endpoint = endpoint,
            .waited = waited,
            .body = operation->raw_body ? body() : std::string_view{}};
  }
};
using ExchangePtr = std::shared_ptr<Exchange>;

class Front::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const service::Directory& directory, store::Store& store, service::Credentials credentials, Identity identity,
       const Clock& clock, Random& random, http::Pool& pool, FrontOptions options)
      : directory_{directory},
        store_{store},
        credentials_{std::move(credentials)},
        identity_{std::move(identity)},
        clock_{clock},
        random_{random},
        pool_{pool},
        options_{std::move(options)},
        waits_{options_.waiting_max} {
    directory_.for_each([this](std::string_view service, const service::Operation& operation) {
      const Model* model = models_.find(service);
      const OperationModel* known = model != nullptr ? model->find(operation.name) : nullptr;
      const auto what = fmt::format("{} of {} has a model with shapes (see tools/models.py)", operation.name, service);
      check(known != nullptr && !known->is_named_only, what.c_str());
    });
  }

  void take(http::Request request, http::Responder responder) {
    auto exchange = std::make_shared<Exchange>(std::move(request), std::move(responder));
    exchange->request_id = make_id();
    exchange->endpoint = endpoint_of(exchange->request);
    if (exchange->request.body.size() <= inline_bytes_max) return begin(exchange, false);
    on_pool(exchange, [this, exchange] { begin(exchange, true); });
  }

  http::Response refuse(const http::Request& head, int status) {
    const auto claim = sigv4::read_claim(as_signed(head));
    const Target target = recognise(models_, head, claim ? std::string_view(claim->scope.service) : "");
    return render_error(target, make_id(), refusal_of(status), status);
  }

  void raise(const std::string& signal) { waits_.raise(signal); }
  void stop() { waits_.stop(); }

 private:
  // Where the caller reached us; a proxy in front that speaks TLS says so.
  std::string endpoint_of(const http::Request& request) const {
    const auto host = request.headers.get("Host");
    if (host.empty()) return options_.fallback_endpoint;
    return fmt::format("{}://{}", request.headers.get("X-Forwarded-Proto") == "https" ? "https" : "http", host);
  }

  static Error refusal_of(int status) {
    switch (status) {
      case 413:
        return {ErrorCode::validation, "The request is too large.", "RequestEntityTooLarge"};
      case 429:
        return {ErrorCode::throttled,
                "This client has its share of what is under way here; send less at once, or again in a second.",
                "ThrottlingException"};
      case 431:
        return {ErrorCode::validation, "The request's headers are too large.", "RequestHeaderSectionTooLarge"};
      case 503:
        return {ErrorCode::unavailable, "The server is busy; try again.", "ServiceUnavailable"};
      default:
        return {ErrorCode::validation, "The request is not valid HTTP.", "MalformedHttpRequest"};
    }
  }

  std::string make_id() {
    const std::lock_guard lock{random_mutex_};
    return make_uuid(random_);
  }

  void on_pool(const ExchangePtr& exchange, std::move_only_function<void()> work) {
    if (!pool_.submit(std::move(work)))
      fail_with(exchange, {ErrorCode::throttled, "Too many requests are waiting; try again.", "Throttling"});
  }

  // Everything up to the run. Nothing here blocks.
  void begin(const ExchangePtr& exchange, bool is_on_pool) {
    if (auto ready = prepare(*exchange); !ready) return fail_with(exchange, std::move(ready).error());
    const auto& unfinished = exchange->operation->unfinished;
    if (unfinished && waits_.is_full()) return fail_with(exchange, *unfinished);
    exchange->first_run = std::chrono::steady_clock::now();
    run(exchange, is_on_pool);
  }

  Result<void> prepare(Exchange& exchange) {
    const auto request = as_signed(exchange.request);
    auto claim = sigv4::read_claim(request);
    exchange.target =
        recognise(models_, exchange.request, claim ? std::string_view(claim->scope.service) : std::string_view{});
    const Target& target = exchange.target;
    if (target.operation != nullptr) exchange.operation = directory_.find(target.service, target.name);
    const bool may_be_unsigned = exchange.operation != nullptr && exchange.operation->unsigned_allowed;
    if (may_be_unsigned && !sigv4::is_signed(request))
      exchange.caller.account = identity_.account;
    else if (auto known = authenticate(exchange, request, claim); !known)
      return known;
    if (exchange.request.body.size() > options_.input_bytes_max) return too_large(exchange);
    if (auto exists = check_operation(exchange); !exists) return exists;
    if (exchange.operation->raw_body) return {};
    return read_input(exchange);
  }

  Result<void> authenticate(Exchange& exchange, const sigv4::Request& request, Result<sigv4::Claim>& claim) {
    if (!claim) return pass_on(claim);
    auto credential = credentials_(claim->access_key_id);
    if (!credential)
      return fail(ErrorCode::denied, "The security token included in the request is invalid.", "InvalidClientTokenId");
    if (auto scoped = check_scope(claim->scope); !scoped) return scoped;
    if (auto proved = sigv4::verify(request, *claim, credential->secret.reveal(), clock_.now()); !proved) return proved;
    if (claim->payload != sigv4::Payload::hashed && claim->payload != sigv4::Payload::unsigned_body) {
      auto body = sigv4::decode_body(request, *claim, credential->secret.reveal());
      if (!body) return pass_on(body);
      exchange.decoded = std::move(*body);
      exchange.is_decoded = true;
    }
    exchange.caller = std::move(credential->caller);
    return {};
  }

  // Services word it in their own ways; what is smaller than this is held to their own limits by their operations.
  std::unexpected<Error> too_large(const Exchange& exchange) const {
    if (exchange.target.service == "lambda")
      return fail(ErrorCode::validation,
                  fmt::format("{} byte payload is too large for the RequestResponse invocation type (limit {} bytes)",
                              exchange.request.body.size(), options_.input_bytes_max),
                  "RequestTooLargeException");
    return fail(ErrorCode::validation, fmt::format("The request is larger than {} bytes.", options_.input_bytes_max),
                "RequestEntityTooLarge");
  }

  // AWS refuses signatures for another region. STS is global: clients sign for us-east-1 wherever they are. Our own
  // operations tell a client where it is, so they take any.
  Result<void> check_scope(const sigv4::Scope& scope) const {
    const bool is_global = scope.service == "sts" && (scope.region == "us-east-1" || scope.region == "aws-global");
    if (scope.region == identity_.region || is_global || scope.service == "tocsin") return {};
    return fail(ErrorCode::denied,
                fmt::format("Credential should be scoped to a valid region, not '{}'. This installation's region is "
                            "'{}'.",
                            scope.region.substr(0, 64), identity_.region),
                "SignatureDoesNotMatch");
  }

  static Result<void> check_operation(const Exchange& exchange) {
    const Target& target = exchange.target;
    if (target.operation == nullptr)
      return fail(target.problem_code == "NotImplemented" ? ErrorCode::unavailable : ErrorCode::validation,
                  target.problem.empty() ? "The operation is not known." : target.problem,
                  target.problem_code.empty() ? "UnknownOperationException" : target.problem_code);
    if (exchange.operation == nullptr)
      return fail(ErrorCode::unavailable,
                  fmt::format("{} of {} exists in AWS, but is not implemented here yet.", target.name, target.service),
                  "NotImplemented");
    return {};
  }

  static Result<void> read_input(Exchange& exchange) {
    const Target& target = exchange.target;
    const Shape* shape = target.operation->input;
    if (shape == nullptr) return {};
    const Manners manners = manners_of(target.service);
    const InputOptions options{.wire_names = target.protocol == Protocol::rest_json, .wording = manners.wording};
    auto input = target.protocol == Protocol::query ? decode_query(target.form, *shape)
                 : target.protocol == Protocol::json
                     ? decode_json(exchange.body(), *shape, options)
                     : decode_rest(exchange.request, target.labels, exchange.body(), *shape, options);
    if (!input) {
      if (manners.wording == Wording::ajv) input.error().aws_code = manners.invalid;
      return pass_on(input);
    }
    exchange.input = std::move(*input);
    if (target.protocol == Protocol::query) add_empty_batch(exchange);
    const auto violations =
        validate(exchange.input, *shape, {.wording = manners.wording, .enums = manners.checks_enums});
    return violations.empty() ? Result<void>{} : Result<void>{invalid(target, manners, violations)};
  }

  // A form cannot say "an empty list". For a batch that is what a missing one means: the operation refuses it with its
  // own error (EmptyBatchRequest).
  static void add_empty_batch(Exchange& exchange) {
    if (!exchange.target.name.ends_with("Batch")) return;
    for (const auto& member : exchange.target.operation->input->members)
      if (member.required && member.shape->type == Type::list && member.name.ends_with("Entries"))
        exchange.input.emplace(member.name, json::array{});
  }

  static std::unexpected<Error> invalid(const Target& target, const Manners& manners,
                                        const std::vector<Violation>& violations) {
    if (target.service == "sqs" && violations.front().is_missing)
      return fail(ErrorCode::validation,
                  fmt::format("The request must contain the parameter {}.", violations.front().top),
                  "MissingParameter");
    const bool is_default = manners.invalid == Manners{}.invalid;
    return fail(ErrorCode::validation, violations_text(violations, manners.wording),
                is_default && target.protocol == Protocol::query ? "ValidationError" : std::string(manners.invalid));
  }

  // Runs the operation; may be called again for long polls.
  void run(const ExchangePtr& exchange, bool is_on_pool) {
    exchange->sequence = waits_.sequence();
    const service::Operation& operation = *exchange->operation;
    if (const auto* write = std::get_if<service::Write>(&operation.run)) {
      return submit(exchange, [exchange, write](store::Transaction& transaction) {
        return (*write)(transaction, exchange->call());
      });
    }
    if (is_on_pool) return run_blocking(exchange);
    on_pool(exchange, [this, exchange] { run_blocking(exchange); });
  }

  void run_blocking(const ExchangePtr& exchange) {
    const service::Operation& operation = *exchange->operation;
    if (const auto* read = std::get_if<service::Read>(&operation.run)) {
      return finish(exchange, guarded([&]() -> service::Answer {
                      return store_.read([&](store::Reader& reader) { return (*read)(reader, exchange->call()); });
                    }));
    }
    const auto& prepare_write = std::get<service::Prepare>(operation.run);
    auto prepared = guarded([&]() -> Result<service::PreparedWrite> { return prepare_write(exchange->call()); });
    if (!prepared) return finish(exchange, pass_on(prepared));
    submit(exchange, std::move(*prepared));
  }

  void submit(const ExchangePtr& exchange, service::PreparedWrite change) {
    store_.submit(
        exchange->operation->lane,
        [exchange, change = std::move(change)](store::Transaction& transaction) mutable -> Result<void> {
          auto answer = guarded([&]() -> service::Answer { return change(transaction); });
          if (!answer) return pass_on(answer);
          exchange->answer = std::move(*answer);
          return {};
        },
        [this, self = shared_from_this(), exchange](Result<void> done) {
          if (!done) return finish(exchange, pass_on(done));
          finish(exchange, service::Answer{std::move(exchange->answer)});
        });
  }

  void finish(const ExchangePtr& exchange, service::Answer answer) {
    const std::string woken_by = std::exchange(exchange->woken_by, {});
    if (answer && !exchange->is_last_run && wait_for_better(exchange, *answer)) return;
    if (answer)
      end_wait(exchange, std::move(*answer));
    else
      fail_with(exchange, std::move(answer).error());
    // There may be more for the next who waits.
    if (!woken_by.empty()) waits_.raise(woken_by);
  }

  // Nobody waits any longer for a better answer.
  void end_wait(const ExchangePtr& exchange, json::object answer) {
    const service::Operation& operation = *exchange->operation;
    if (operation.unfinished && operation.wait && operation.wait(exchange->call(), answer))
      return fail_with(exchange, *operation.unfinished);
    answer_with(exchange, std::move(answer));
  }

  // True if the answer can wait, and does.
  bool wait_for_better(const ExchangePtr& exchange, json::object& answer) {
    if (!exchange->operation->wait) return false;
    const auto wait = exchange->operation->wait(exchange->call(), answer);
    if (!wait) return false;
    const auto deadline = exchange->first_run + std::min(wait->at_most, options_.wait_max);
    if (std::chrono::steady_clock::now() >= deadline) return false;
    exchange->answer = std::move(answer);
    const bool is_first = exchange->wait.load() == 0;
    const auto number = waits_.add(wait->signal, exchange->sequence, deadline,
                                   [this, self = shared_from_this(), exchange, signal = wait->signal](Waits::Why why) {
                                     wake(exchange, signal, why);
                                   });
    if (number == 0) {
      answer = std::move(exchange->answer);
      return false;
    }
    exchange->wait = number;
    // The exchange holds the responder, which holds this: so weakly.
    if (is_first)
      exchange->responder.on_gone([self = shared_from_this(), weak = std::weak_ptr(exchange)] {
        if (const auto waiting = weak.lock()) self->waits_.remove(waiting->wait.load());
      });
    return true;
  }

  void wake(const ExchangePtr& exchange, const std::string& signal, Waits::Why why) {
    if (exchange->responder.gone()) {
      if (why == Waits::Why::signalled) waits_.raise(signal);
      return;
    }
    if (why == Waits::Why::stopped) return end_wait(exchange, std::move(exchange->answer));
    if (why == Waits::Why::signalled) exchange->woken_by = signal;
    // A last look at the end of the time: something may have become visible by time alone.
    if (why == Waits::Why::timed_out) exchange->is_last_run = true;
    run(exchange, false);
  }

  // Rendered on the connection's thread, to keep it off the committer's.
  void answer_with(const ExchangePtr& exchange, json::object answer) {
    exchange->answer = std::move(answer);
    exchange->responder.send([exchange] {
      return noted(*exchange, render_answer(exchange->target, exchange->request_id, std::move(exchange->answer)));
    });
  }

  void fail_with(const ExchangePtr& exchange, Error error) {
    exchange->responder.send([exchange, error = std::move(error)] {
      return noted(*exchange, render_error(exchange->target, exchange->request_id, error));
    });
  }

  static http::Response noted(const Exchange& exchange, http::Response response) {
    response.notes.emplace_back("request_id", exchange.request_id);
    response.notes.emplace_back("service", exchange.target.service);
    response.notes.emplace_back("operation", exchange.target.name.substr(0, 100));
    response.notes.emplace_back("access_key_id", exchange.caller.access_key_id);
    return response;
  }

  const service::Directory& directory_;
  store::Store& store_;
  service::Credentials credentials_;
  Identity identity_;
  const Clock& clock_;
  Random& random_;
  std::mutex random_mutex_;
  http::Pool& pool_;
  FrontOptions options_;
  Models models_;
  Waits waits_;
};

Front::Front(const service::Directory& directory, store::Store& store, service::Credentials credentials,
             Identity identity, const Clock& clock, Random& random, http::Pool& pool, FrontOptions options)
    : core_{std::make_shared<Core>(directory, store, std::move(credentials), std::move(identity), clock, random, pool,
                                   std::move(options))} {
  store.on_signal([weak = std::weak_ptr(core_)](const std::string& signal) {
    if (const auto core = weak.lock()) core->raise(signal);
  });
}

Front::~Front() {
  stop();
}

void Front::operator()(http::Request request, http::Responder responder) {
  core_->take(std::move(request), std::move(responder));
}

http::Response Front::refuse(const http::Request& head, int status) {
  return core_->refuse(head, status);
}

void Front::stop() {
  core_->stop();
}

}  // namespace tocsin::api
