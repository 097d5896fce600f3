#include <set>
#include <sstream>

#include <fmt/format.h>

#include "load.h"
#include "scenario.h"
#include "store_watch.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t connections = 16;
constexpr std::chrono::milliseconds settle_patience{30'000};
constexpr double aim_blocked_ms = 50;

struct Schedule {
  std::vector<std::string> requests;
  std::chrono::microseconds interval{0};
  std::vector<std::pair<std::size_t, std::string>> addresses;  // by request
};

// Hostile findings are spread evenly; the others are LOW and HIGH in turn.
Schedule make_schedule(const Plan& plan, const FindingMaker& maker, Mix mix, const Target& target) {
  Schedule schedule;
  const auto findings = plan.rate_findings_s * static_cast<std::size_t>(plan.rate_time.count());
  schedule.interval = std::chrono::microseconds{1'000'000 * mix.request_findings / plan.rate_findings_s};
  std::uint64_t hostile = 0, others = 0;
  for (std::size_t made = 0; made < findings;) {
    std::string body = R"({"Findings":[)";
    for (std::size_t i = 0; i < mix.request_findings; ++i, ++made) {
      if (i > 0) body += ',';
      if ((made + 1) * mix.hostile_findings_s / plan.rate_findings_s > hostile) {
        schedule.addresses.emplace_back(schedule.requests.size(), FindingMaker::address(hostile));
        body += maker.finding(Kind::hostile, hostile++);
      } else {
        body += maker.finding(others % 2 == 0 ? Kind::quiet : Kind::alarming, others);
        ++others;
      }
    }
    schedule.requests.push_back(import_request(target, body + "]}", SystemClock{}.now()));
  }
  return schedule;
}

// Every address that was seen as blocked must be in what firewalls poll.
Result<void> check_feed(const Target& target, const Schedule& schedule, Report& report) {
  auto connection = Connection::open(target);
  if (!connection) return pass_on(connection);
  const auto asked = SteadyClock::now();
  auto answer = connection->exchange(get_request(target, "/feeds/blocklist.txt"));
  if (!answer) return pass_on(answer);
  Latencies fetch;
  fetch.add(std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - asked));
  std::set<std::string> lines;
  std::istringstream text{answer->body};
  for (std::string line; std::getline(text, line);) lines.insert(line.substr(0, line.find('/')));
  std::size_t missing = 0;
  for (const auto& [request, address] : schedule.addresses) missing += lines.contains(address) ? 0 : 1;
  report.figure("addresses missing in the feed at the end", static_cast<double>(missing), "",
                Aim{Aim::Sense::at_most, 0});
  report.figure("the feed, one fetch", fetch.max_ms(), "ms");
  return {};
}

void report_blocks(const Schedule& schedule, const std::vector<SteadyClock::time_point>& acknowledged_at,
                   const std::unordered_map<std::string, BlockWatch::Seen>& seen, Report& report) {
  Latencies wanted, confirmed;
  std::size_t unconfirmed = 0;
  const auto add = [](Latencies& to, SteadyClock::time_point from, SteadyClock::time_point until) {
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(until - from);
    to.add(std::max(time, std::chrono::microseconds{0}));  // committed together with the finding: before the answer
  };
  for (const auto& [request, address] : schedule.addresses) {
    const auto found = seen.find(address);
    if (found == seen.end() || found->second.confirmed == SteadyClock::time_point{}) {
      ++unconfirmed;
      continue;
    }
    add(wanted, acknowledged_at[request], found->second.wanted);
    add(confirmed, acknowledged_at[request], found->second.confirmed);
  }
  report.latencies("acknowledged to wanted (the feed has it)", wanted);
  report.latencies("acknowledged to confirmed (the rule group has it)", confirmed,
                   Aim{Aim::Sense::at_most, aim_blocked_ms});
  report.figure("addresses not confirmed", static_cast<double>(unconfirmed), "", Aim{Aim::Sense::at_most, 0});
}

}  // namespace

Result<void> measure_latency(const Plan& plan, const FindingMaker& maker, Mix mix, Report& report) {
  report.section(fmt::format("{} findings/s, {} a request, {} hostile/s, for {} s", plan.rate_findings_s,
                             mix.request_findings, mix.hostile_findings_s, plan.rate_time.count()));
  const Folder folder{plan.folder / "latency"};
  auto server = Server::start({.program = plan.program, .data = folder.path(), .identity = plan.identity});
  if (!server) return pass_on(server);
  const auto schedule = make_schedule(plan, maker, mix, server->target());
  auto watch = BlockWatch::start(server->store_file());
  if (!watch) return pass_on(watch);

  const auto before = server->cpu();
  std::vector<SteadyClock::time_point> acknowledged_at;
  auto sent = send_steadily(server->target(), schedule.requests, connections, schedule.interval, acknowledged_at);
  if (!sent) return pass_on(sent);
  const auto load_end = SteadyClock::now();
  const auto after = server->cpu();
  auto settled = wait_until_settled(server->store_file(), settle_patience);
  if (!settled) return pass_on(settled);
  const std::chrono::duration<double> backlog = SteadyClock::now() - load_end;

  report.figure("findings taken", sent->findings_s(), "findings/s",
                Aim{Aim::Sense::at_least, 0.98 * static_cast<double>(plan.rate_findings_s)});
  report.latencies("request to acknowledged", sent->acknowledged);
  report_blocks(schedule, acknowledged_at, (*watch)->stop(), report);
  report.figure("backlog worked off after the load", backlog.count(), *settled ? "s" : "s, and not done");
  report.figure("processors in use", std::chrono::duration<double>(after.all - before.all) / sent->time,
                "of the cores");
  return check_feed(server->target(), schedule, report);
}

}  // namespace tocsin::bench
