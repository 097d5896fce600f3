#include "app/engine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "access/access.h"
#include "app/http_calls.h"
#include "app/installation.h"
#include "app/operator_service.h"
#include "app/protections.h"
#include "app/stack_files.h"
#include "store/given_up.h"

namespace tocsin::app {
namespace {

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  for (const auto room :
       {installation_migrations(), rules::migrations(), findings::migrations(), queues::migrations(),
        notification::migrations(), webhook::migrations(), connections::migrations(), containment::migrations(),
        functions::migrations(), builtins::migrations(), workflows::migrations(), stacks::migrations()})
    all.insert(all.end(), room.begin(), room.end());
  return all;
}

// The "id" of an event that this program wrote: it stands near the beginning.
std::string_view event_id(std::string_view event) {
  constexpr std::string_view member = "\"id\":\"";
  const auto at = event.find(member);
  if (at == event.npos) return {};
  const auto begin = at + member.size();
  return event.substr(begin, event.find('"', begin) - begin);
}

workflows::InvokeFunction invoker(functions::Registry& registry) {
  return [&registry](store::Transaction& transaction, std::string_view function,
                     const json::value& payload) -> workflows::TaskOutcome {
    auto answer = registry.invoke(transaction, function, payload);
    if (answer) return std::move(*answer);
    const Error& error = answer.error();
    const std::string type = error.aws_code.empty()                          ? "Lambda.Unknown"
                             : error.aws_code == "ResourceNotFoundException" ? "Lambda.ResourceNotFoundException"
                                                                             : error.aws_code;
    // Lambda itself answers for a function that is not there, in the words of its SDK.
    if (error.aws_code == "ResourceNotFoundException")
      return workflows::TaskFailure{
          type, fmt::format("{} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request "
                            "ID: {}; Proxy: null)",
                            error.message, make_uuid(transaction.random()))};
    return workflows::TaskFailure{type, to_json(json::object{{"errorMessage", error.message}, {"errorType", type}})};
  };
}

Result<containment::Settings> containment_settings(const Config& config) {
  containment::Settings settings;
  auto own = containment::parse_ranges(config.own_networks);
  if (!own) return pass_on(own);
  settings.own_addresses = std::move(*own);
  return settings;
}

}  // namespace

Engine::Engine(const Config& config, Identity identity, const Clock& clock, containment::Settings settings)
    : identity_{std::move(identity)} {
  queues_ = std::make_unique<queues::Queues>(identity_);
  topics_ = std::make_unique<notification::Topics>(identity_, destinations_);
  webhooks_ = std::make_unique<webhook::Webhooks>(webhook::Options{.digest = config.notices});
  connections_ = std::make_unique<connections::Connections>(identity_);
  containment_ = std::make_unique<containment::Containment>(identity_, std::move(settings));
  functions_ = std::make_unique<functions::Registry>(identity_);
  machines_ = std::make_unique<workflows::Machines>(identity_);
  tasks_ = std::make_unique<workflows::Tasks>(identity_, invoker(*functions_), directory_, &shapes_);
  machines_->also_check([this](const asl::Definition& definition) { return tasks_->check(definition); });
  executions_ = std::make_unique<workflows::Executions>(*machines_, *tasks_, config.workflows);
  executions_->call_outside_with(http_calls(
      [this](std::string_view arn) {
        return store_->read([&](store::Reader& reader) { return connections_->find(reader, arn); });
      },
      *webhooks_));
  rules_ = std::make_unique<rules::Rules>(
      identity_, destinations_,
      rules::Ports{
          .record_findings = [this](store::Transaction& t, const json::object& event) { return record(t, event); }});
  findings::Options options{.identity = identity_, .clock = &clock};
  findings_ = std::make_unique<findings::Findings>(
      std::move(options), [this](store::Transaction& transaction, std::string_view event) -> Result<void> {
        auto delivered = rules_->put(transaction, {.id = event_id(event), .bytes = event});
        if (!delivered) return pass_on(delivered);
        return {};
      });
  stacks_ = std::make_unique<stacks::Stacks>(identity_, directory_);
  builtins::add_all(*functions_, directory_, *containment_, identity_,
                    [this](store::Reader& reader, const responders::FindingRef& finding) {
                      return findings_->find(reader, {finding.product_arn, finding.id});
                    });

  destinations_.add("sqs", *queues_);
  destinations_.add("sns", *topics_);
  destinations_.add("lambda", *functions_);
  destinations_.add("states", *executions_);
  destinations_.add("events", rules_->bus_destination());
  add_services();
}

Engine::~Engine() {
  stop();
}

void Engine::add_services() {
  directory_.add(access::service(identity_));
  directory_.add(findings::service(*findings_));
  directory_.add(rules_->service());
  directory_.add(connections_->service());
  directory_.add(queues_->service());
  directory_.add(topics_->service());
  directory_.add(functions::service(*functions_));
  directory_.add(workflows::service(*machines_, *executions_));
  for (auto& service : containment_->services()) directory_.add(std::move(service));
  directory_.add(operator_service(*this));
}

// What goes wrong with the disk and with others (receivers, firewalls, tasks) is for people to see; the same again and
// again, once a minute.
void Engine::log_failures() {
  store_->on_failure([this](const Error& error) {
    if (const auto left_out = limiter_.admit("commit " + error.message))
      spdlog::error("commit failed reason={}{}", log_text(error.message), left_out_text(*left_out));
  });
  webhooks_->on_failure([this](const webhook::Webhooks::Failure& failure) {
    if (const auto left_out = limiter_.admit("web hook " + failure.receiver))
      spdlog::warn("web hook failed receiver={} subscription={} key={} final={} reason={}{}", failure.receiver,
                   failure.reference, log_text(failure.key), failure.is_final, log_text(failure.reason),
                   left_out_text(*left_out));
  });
  executions_->on_failed([this](const workflows::Executions::Failed& failed) {
    if (failed.status == "ABORTED") return;  // somebody stopped it
    if (const auto left_out = limiter_.admit(fmt::format("execution {} {}", failed.machine_arn, failed.error)))
      spdlog::warn("execution failed arn={} status={} error={} cause={}{}", failed.arn, failed.status,
                   log_text(failed.error), log_text(failed.cause), left_out_text(*left_out));
  });
}

Result<void> Engine::enforce_for(store::Transaction& transaction, std::string_view cause) {
  if (!cause.empty())
    transaction.on_commit([cause = std::string(cause)] { spdlog::warn("blocks put back: {}", log_text(cause)); });
  auto enforced = enforce(transaction);
  if (!enforced)
    if (const auto left_out = limiter_.admit("enforce " + enforced.error().message))
      spdlog::warn("blocks are not enforced, and will be tried again reason={}{}", log_text(enforced.error().message),
                   left_out_text(*left_out));
  return enforced;
}

void Engine::attach_outbox() {
  log_failures();
  store::Outbox& outbox = store_->outbox();
  containment_->attach(outbox, [this](store::Transaction& transaction, std::string_view cause) {
    return enforce_for(transaction, cause);
  });
  rules_->attach(outbox);
  queues_->attach(outbox);
  topics_->attach(outbox);
  webhooks_->attach(outbox);
  functions_->attach(outbox);
  executions_->attach(outbox);
  findings_->register_timer(outbox);
  outbox.on_exhausted([this](store::Transaction& transaction, const store::Due& due, const Error& error) {
    // A destination may hold a secret (a web hook's URL), so it is not logged. What was in a digest is not news.
    if (!due.is_in_digest)
      transaction.on_commit([kind = due.kind, attempts = due.attempt + 1, reason = error.message] {
        spdlog::error("given up kind={} attempts={} reason={}", kind, attempts, log_text(reason));
      });
    builtins::forget_announced(transaction, due);
    if (due.kind == rules::target_kind)
      rules_->dead_letter(transaction, due, error);
    else if (!executions_->give_up(transaction, due, error))
      topics_->dead_letter(transaction, due, error);
  });
}

// An event that was put with a source of AWS's: its findings are recorded. Of GuardDuty's the hub tells, as a real
// account's does.
Result<rules::Recorded> Engine::record(store::Transaction& transaction, const json::object& event) {
  rules::Recorded recorded;
  const findings::Announce keep = [&](store::Transaction&, std::string_view told) -> Result<void> {
    recorded.events.emplace_back(told);
    return {};
  };
  const bool by_guardduty = string_at(event, "source") == "aws.guardduty";
  auto taken = findings_->record(transaction, findings_->prepare_event(event), by_guardduty ? &keep : nullptr);
  if (!taken) {
    if (const auto left_out = limiter_.admit("record " + taken.error().message))
      spdlog::warn("findings of an event were not recorded source={} reason={}{}", log_text(string_at(event, "source")),
                   log_text(taken.error().message), left_out_text(*left_out));
    return pass_on(taken);
  }
  recorded.anything_new = taken->is_new();
  return recorded;
}

Result<std::unique_ptr<Engine>> Engine::open(const Config& config, const Clock& clock, Random& random, bool threaded) {
  auto settings = containment_settings(config);
  if (!settings) return pass_on(settings);
  auto store = store::Store::open(
      {.file = config.data / "store.db", .clock = &clock, .random = &random, .threaded = threaded, .durable = threaded},
      all_migrations());
  if (!store) return pass_on(store);
  auto identity = identity_of(**store, config);
  if (!identity) return pass_on(identity);
  std::unique_ptr<Engine> engine{new Engine{config, std::move(*identity), clock, std::move(*settings)}};
  engine->store_ = std::move(*store);
  engine->attach_outbox();
  auto loaded = engine->store_->read([&](store::Reader& reader) { return engine->queues_->load(reader); });
  if (!loaded) return pass_on(loaded);
  return engine;
}

void Engine::set_url(const std::string& url, bool always) {
  directory_.set_url(url);
  topics_->set_url(url, always);
}

void Engine::start() {
  store_->start();
}

void Engine::stop() {
  if (!store_) return;
  webhooks_->stop();  // its last outcomes are still written
  store_->stop();
}

Result<std::vector<stacks::Report>> Engine::prepare(const Config& config) {
  const auto protect = protections(config, look_at_machine());
  auto applied = store_->write(store::Lane::containment, [&](store::Transaction& transaction) -> Result<void> {
    auto released = containment_->apply_configuration(transaction, protect);
    if (!released) return pass_on(released);
    remember(transaction, identity_);
    findings_->set_timer(transaction);
    workflows::Executions::set_timer(transaction);
    return {};
  });
  if (!applied) return pass_on(applied);
  std::vector<stacks::Report> reports;
  if (config.stacks)
    if (auto applied_all = apply_stacks(config, reports); !applied_all) return pass_on(applied_all);
  // What an earlier run left undone.
  auto asked = store_->write(store::Lane::containment, [&](store::Transaction& transaction) -> Result<void> {
    containment_->enforce_soon(transaction, {});
    return {};
  });
  if (!asked) return pass_on(asked);
  return reports;
}

Result<void> Engine::apply_stacks(const Config& config, std::vector<stacks::Report>& reports) {
  auto files = stack_files(config);
  if (!files) return pass_on(files);
  for (const auto& file : *files)
    if (auto done = apply_stack(config, file.name, file.text, reports); !done) return pass_on(done);
  return {};
}

Result<void> Engine::apply_stack(const Config& config, const std::string& name, const std::string& text,
                                 std::vector<stacks::Report>& reports) {
  stacks::Request request{.name = name, .template_text = text, .parameters = {}};
  if (const auto found = config.stack.find(name); found != config.stack.end()) {
    if (!found->second.enabled) return {};
    for (const auto& [parameter, value] : found->second.parameters)
      request.parameters.emplace(parameter, value.reveal());
  }
  auto report = store_->write(store::Lane::containment,
                              [&](store::Transaction& transaction) { return stacks_->apply(transaction, request); });
  if (!report) return pass_on(report);
  reports.push_back(std::move(*report));
  return {};
}

Result<void> Engine::enforce(store::Transaction& transaction) {
  for (const auto& name : functions_->names_by_handler(transaction, "update-rule-group")) {
    auto updated = functions_->invoke(transaction, name, json::object{});
    if (!updated) return pass_on(updated);
  }
  return {};
}

Summary Engine::summary() {
  auto summary = store_->read([&](store::Reader& reader) -> Result<Summary> {
    Summary s;
    s.findings = findings_->summary(reader);
    s.rules = rules_->counts(reader);
    s.executions = executions_->count(reader);
    s.containment = containment_->report(reader);
    s.functions = functions_->counts(reader);
    s.lanes = store::waiting_by_lane(reader);
    for (const auto& lane : s.lanes) s.outbox_waiting += lane.waiting;
    s.undelivered = store::count_given_up(reader, rules::target_kind) +
                    static_cast<std::int64_t>(rules_->undelivered(reader, 1000).size());
    auto names = reader.query("SELECT name FROM queue ORDER BY name LIMIT 100");
    while (names.next())
      if (auto depth = queues_->depth(reader, names.text(0))) s.queues.emplace_back(names.string(0), *depth);
    return s;
  });
  return summary ? std::move(*summary) : Summary{};
}

}  // namespace tocsin::app
