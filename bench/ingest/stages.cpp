// Where the time of a finding goes, stage by stage, in one thread and without fsync: what the front does before the
// committer, and what the committer does. Averages over the samples' findings, in batches of 100; processor time, so
// that other work on the machine does not count.
#include <algorithm>
#include <ctime>
#include <functional>

#include <fmt/format.h>

#include "asff/event.h"
#include "asff/merge.h"
#include "asff/validate.h"
#include "core/check.h"
#include "digest/digest.h"
#include "finding_maker.h"
#include "findings/detail/body.h"
#include "findings/detail/columns.h"
#include "findings/findings.h"
#include "rules/rules.h"
#include "store/testing.h"

namespace tocsin::bench {
namespace {

double thread_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

const Identity hub{.account = "111122223333", .region = "us-west-2"};
constexpr std::size_t batch_findings = 100;
constexpr std::size_t batches = 200;
constexpr std::string_view caller_arn = "arn:aws:iam::111122223333:user/admin";

class Stages {
 public:
  explicit Stages(Kind kind) : kind_{kind}, maker_{hub, SystemClock{}.now()} {
    for (std::size_t i = 0; i < batches; ++i) bodies_.push_back(maker_.batch(kind, i * batch_findings, batch_findings));
    for (const auto& body : bodies_) bytes_ += body.size();
  }

  void run() {
    fmt::print("{}: {} findings of {} bytes\n", to_text(kind_), findings(), bytes_ / findings());
    front();
    preparation();
    committer();
  }

 private:
  static std::size_t findings() { return batches * batch_findings; }

  // Runs `work` for each batch; prints what a finding costs.
  void time(std::string_view name, const std::function<void(std::size_t)>& work) {
    const double started = thread_us();
    for (std::size_t i = 0; i < batches; ++i) work(i);
    const double each = (thread_us() - started) / static_cast<double>(findings());
    fmt::print("  {:<60} {:>8.2f} us\n", name, each);
    std::fflush(stdout);
  }

  void front() {
    time("front: SHA-256 of the payload", [&](std::size_t i) { sink_ += digest::sha256(bodies_[i]).size(); });
    inputs_.resize(batches);
    time("prepare: JSON to documents", [&](std::size_t i) {
      auto input = parse_json_object(bodies_[i]);
      check(input.has_value(), "a batch is JSON");
      inputs_[i] = std::move(*input);
    });
  }

  const json::object& finding(std::size_t batch, std::size_t i) const {
    return inputs_[batch].at("Findings").get_array()[i].get_object();
  }
  void each(std::string_view name, const std::function<void(std::size_t, std::size_t)>& work) {
    time(name, [&](std::size_t batch) {
      for (std::size_t i = 0; i < batch_findings; ++i) work(batch, i);
    });
  }

  void preparation() {
    each("prepare: asff::validate", [&](std::size_t b, std::size_t i) {
      sink_ += asff::validate(finding(b, i), 0, {.hub = hub, .any_account = true}).size();
    });
    merged_.resize(findings());
    texts_.resize(findings());
    each("prepare: asff::merge_import, with a copy of the document", [&](std::size_t b, std::size_t i) {
      merged_[b * batch_findings + i] =
          asff::merge_import(nullptr, finding(b, i), {.hub = hub, .now = SystemClock{}.now()}).finding;
    });
    each("  of it the copy", [&](std::size_t b, std::size_t i) { sink_ += json::object{finding(b, i)}.size(); });
    each("prepare: to JSON text", [&](std::size_t b, std::size_t i) {
      texts_[b * batch_findings + i] = to_json(merged_[b * batch_findings + i]);
    });
    each("prepare: columns", [&](std::size_t b, std::size_t i) {
      sink_ += findings::detail::columns_of(merged_[b * batch_findings + i]).key.size();
    });
    each("prepare: zstd level 1, dictionary", [&](std::size_t b, std::size_t i) {
      compressed_ += findings::detail::to_body(texts_[b * batch_findings + i]).size();
    });
    fmt::print("  {:<60} {:>8} bytes\n", "compressed", compressed_ / findings());
    merged_.clear();
    texts_.clear();
  }

  // A store with the rooms that a finding passes in its transaction.
  struct Rooms {
    explicit Rooms(findings::Announce announce)
        : store{migrations()},
          rules{hub, destinations},
          findings{{.identity = hub, .clock = &store.clock, .providers = findings::Providers::anyone},
                   std::move(announce)} {
      destinations.add("lambda", nowhere);
      rules.attach(store->outbox());
      call(findings::service(findings), "EnableSecurityHub", json::object{});
    }
    static std::vector<store::Migration> migrations() {
      std::vector<store::Migration> all(findings::migrations().begin(), findings::migrations().end());
      all.insert(all.end(), rules::migrations().begin(), rules::migrations().end());
      return all;
    }
    void call(const service::Service& service, std::string_view operation, const json::object& input) {
      const service::Caller caller{.account = hub.account, .arn = std::string(caller_arn), .user_id = "AIDA"};
      const service::Call request{.caller = caller, .input = input, .request_id = "r", .endpoint = ""};
      for (const auto& candidate : service.operations)
        if (candidate.name == operation) {
          const auto done = store.write(
              [&](store::Transaction& transaction) { return service::run_within(candidate, transaction, request); });
          check(done.has_value(), done ? "" : done.error().message.c_str());
        }
    }
    void put_rule(std::string_view name, std::string_view event_pattern) {
      call(rules.service(), "PutRule", {{"Name", name}, {"EventPattern", event_pattern}});
      call(rules.service(), "PutTargets",
           {{"Rule", name},
            {"Targets", json::array{json::object{{"Id", "1"}, {"Arn", hub.arn("lambda", "function:f")}}}}});
    }

    struct Nowhere : service::Destination {
      Result<void> deliver(store::Transaction&, const std::string&, const service::Message&) override { return {}; }
    };
    store::TestStore store;
    Nowhere nowhere;
    service::Destinations destinations;
    rules::Rules rules;
    findings::Findings findings;
  };

  void import_with(std::string_view name, Rooms& rooms) {
    std::vector<findings::Prepared> prepared(batches);
    time("prepare: all of it", [&](std::size_t i) {
      auto made = rooms.findings.prepare_import_body(bodies_[i], caller_arn);
      check(made.has_value(), "a batch is prepared");
      prepared[i] = std::move(*made);
    });
    time(name, [&](std::size_t i) {
      const auto taken = rooms.store.write(
          [&](store::Transaction& transaction) { return rooms.findings.import(transaction, std::move(prepared[i])); });
      check(taken && taken->created.size() == batch_findings, "a batch is stored");
    });
  }

  void committer() {
    {
      Rooms rooms{[](store::Transaction&, std::string_view) -> Result<void> { return {}; }};
      import_with("committer: rows stored, event built", rooms);
    }
    Rooms* bus = nullptr;
    Rooms rooms{[&bus](store::Transaction& transaction, std::string_view event) -> Result<void> {
      auto put =
          bus->rules.put(transaction, {.id = "e-" + std::to_string(transaction.random().next()), .bytes = event});
      return put ? Result<void>{} : Result<void>{std::unexpected(put.error())};
    }};
    bus = &rooms;
    rooms.put_rule("threat", R"({"source":["aws.securityhub"],"detail-type":["Security Hub Findings - Imported"],
      "detail":{"findings":{"Severity":{"Label":["MEDIUM","HIGH","CRITICAL"]},
                            "UserDefinedFields":{"ThreatScore":[{"exists":false}]}}}})");
    rooms.put_rule("severe", R"({"source":["aws.securityhub"],"detail-type":["Security Hub Findings - Imported"],
      "detail":{"findings":{"Severity":{"Label":["HIGH","CRITICAL"]},"Workflow":{"Status":["NEW"]}}}})");
    rooms.put_rule("address", R"({"source":["aws.securityhub"],"detail":{"findings":{"ProductFields":{
      "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4":[{"exists":true}]}}}})");
    import_with("committer: the same, and matched, and put into the outbox", rooms);
    const double started = thread_us();
    const auto deliveries = rooms.store->run_until_idle();
    fmt::print("  {:<60} {:>8.2f} us\n", fmt::format("committer: outbox worked off, {} deliveries", deliveries),
               (thread_us() - started) / static_cast<double>(findings()));
  }

  Kind kind_;
  FindingMaker maker_;
  std::vector<std::string> bodies_;
  std::size_t bytes_ = 0, sink_ = 0, compressed_ = 0;
  std::vector<json::object> inputs_, merged_;
  std::vector<std::string> texts_;
};

}  // namespace
}  // namespace tocsin::bench

// bench_stages [LOW|HIGH|hostile]...
int main(int argc, char** argv) {
  using tocsin::bench::Kind;
  const std::vector<std::string_view> wanted(argv + 1, argv + argc);
  for (const auto kind : {Kind::quiet, Kind::alarming, Kind::hostile})
    if (wanted.empty() || std::ranges::find(wanted, to_text(kind)) != wanted.end()) tocsin::bench::Stages{kind}.run();
}
