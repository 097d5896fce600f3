#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/check.h"
#include "load.h"
#include "scenario.h"
#include "sqlite_alone.h"
#include "store_watch.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t clients_tried[] = {1, 2, 4};
constexpr std::chrono::milliseconds settle_patience{30'000};
constexpr double aim_of_sqlite = 0.7;
// The runs' addresses together are more than the stack's own capacity holds.
constexpr const char* room_for_all = "[stacks.ip-blocking.parameters]\nRuleGroupCapacity = \"30000\"\n";

struct Rate {
  std::size_t clients;
  double findings_s;
  std::size_t findings;  // of this run
};

std::vector<std::string> requests_for(const Plan& plan, const FindingMaker& maker, const Target& target, Kind kind,
                                      std::uint64_t& number) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < plan.throughput_findings / plan.batch_findings; ++i) {
    requests.push_back(import_request(target, maker.batch(kind, number, plan.batch_findings), SystemClock{}.now()));
    number += plan.batch_findings;
  }
  return requests;
}

void report_run(Report& report, const std::string& name, const Sent& sent, const CpuUse& before, const CpuUse& after) {
  report.figure(name, sent.findings_s(), "findings/s");
  report.latencies(name + ", acknowledged", sent.acknowledged);
  const auto each = [&](std::chrono::milliseconds time) {
    return static_cast<double>(time.count()) * 1000.0 / static_cast<double>(sent.findings);
  };
  report.figure(name + ", processor time", each(after.all - before.all), "us/finding");
  report.figure(name + ", busiest thread", each(after.busiest_thread - before.busiest_thread), "us/finding");
}

Result<std::vector<Rate>> run_kind(const Plan& plan, const FindingMaker& maker, Kind kind, Server& server,
                                   Report& report) {
  std::vector<Rate> rates;
  std::uint64_t number = 0;
  std::size_t sent_in_all = 0;
  for (const auto clients : clients_tried) {
    const auto requests = requests_for(plan, maker, server.target(), kind, number);
    const auto before = server.cpu();
    const auto started = SteadyClock::now();
    auto sent = send_closed(server.target(), requests, clients, plan.throughput_time);
    if (!sent) return pass_on(sent);
    const auto name = fmt::format("{}, {} client{}", to_text(kind), clients, clients > 1 ? "s" : "");
    const auto after = server.cpu();
    auto settled = wait_until_settled(server.store_file(), settle_patience);
    if (!settled) return pass_on(settled);
    const std::chrono::duration<double> whole = SteadyClock::now() - started;
    report_run(report, name, *sent, before, after);
    rates.push_back({clients, sent->findings_s(), sent->findings});
    if (kind == Kind::quiet) continue;
    if (kind == Kind::hostile) {
      sent_in_all += sent->findings;
      auto store = Database::open_to_read(server.store_file());
      if (!store) return pass_on(store);
      const auto confirmed =
          store->integer("SELECT count(*) FROM containment_block WHERE state = 'confirmed' AND host LIKE '45.%'");
      report.figure(name + ", addresses not confirmed at the end",
                    static_cast<double>(sent_in_all) - static_cast<double>(confirmed), "", Aim{Aim::Sense::at_most, 0});
    }
    if (*settled)
      report.figure(name + ", all consequences done", static_cast<double>(sent->findings) / whole.count(),
                    "findings/s");
    else
      report.note(
          fmt::format("{}: consequences are still being worked off after {} s", name, settle_patience.count() / 1000));
  }
  return rates;
}

double findings_a_commit(const StoredRows& rows, std::size_t first, std::size_t end) {
  const auto commits = std::ranges::count_if(rows.commits, [&](auto at) { return at > first && at <= end; });
  return static_cast<double>(end - first) / static_cast<double>(std::max<std::ptrdiff_t>(commits, 1));
}

Result<void> compare(const Plan& plan, const StoredRows& rows, const std::vector<Rate>& quiet,
                     const std::vector<Rate>& alarming, Report& report) {
  report.section("SQLite alone: the same rows, indexes and commits as of the LOW runs, on the same disk");
  report.figure("stored body, compressed", static_cast<double>(rows.body_bytes) / static_cast<double>(rows.findings),
                "bytes/finding");
  const Folder folder{plan.folder / "alone"};
  std::vector<std::size_t> ends;
  for (const auto& rate : quiet) ends.push_back((ends.empty() ? 0 : ends.back()) + rate.findings);
  auto bodies = commit_rates(rows, Yardstick::bodies, ends, folder.path());
  if (!bodies) return pass_on(bodies);
  auto all = commit_rates(rows, Yardstick::rows, ends, folder.path());
  if (!all) return pass_on(all);
  for (std::size_t i = 0; i < quiet.size(); ++i) {
    const auto run = fmt::format("{} client{}", quiet[i].clients, quiet[i].clients > 1 ? "s" : "");
    report.figure(run + ": findings a commit", findings_a_commit(rows, i ? ends[i - 1] : 0, ends[i]), "");
    report.figure(run + ": bodies alone, without rows and indexes", (*bodies)[i], "findings/s");
    report.figure(run + ": all rows and indexes", (*all)[i], "findings/s");
    report.figure(run + ": LOW is", quiet[i].findings_s / (*all)[i], "of it", Aim{Aim::Sense::at_least, aim_of_sqlite});
    if (i < alarming.size()) report.figure(run + ": HIGH is", alarming[i].findings_s / (*all)[i], "of it");
  }
  return {};
}

}  // namespace

Result<void> measure_throughput(const Plan& plan, const FindingMaker& maker, Report& report) {
  std::optional<StoredRows> rows;
  std::map<Kind, std::vector<Rate>> rates;
  for (const auto kind : {Kind::quiet, Kind::alarming, Kind::hostile}) {
    if (plan.kinds.find(to_text(kind)) == std::string::npos) continue;
    report.section(fmt::format("findings a second, {}, batches of {}", to_text(kind), plan.batch_findings));
    const Folder folder{plan.folder / "throughput"};
    auto server = Server::start({.program = plan.program,
                                 .data = folder.path(),
                                 .identity = plan.identity,
                                 .config = kind == Kind::hostile ? room_for_all : ""});
    if (!server) return pass_on(server);
    auto measured = run_kind(plan, maker, kind, *server, report);
    if (!measured) return pass_on(measured);
    rates[kind] = std::move(*measured);
    if (kind != Kind::quiet) continue;
    if (auto stopped = server->stop(); !stopped) return pass_on(stopped);
    auto read = read_stored_rows(folder.path() / "store.db");
    if (!read) return pass_on(read);
    rows = std::move(*read);
  }
  return rows ? compare(plan, *rows, rates[Kind::quiet], rates[Kind::alarming], report) : Result<void>{};
}

}  // namespace tocsin::bench
