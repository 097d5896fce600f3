#include <fmt/format.h>

#include "load.h"
#include "scenario.h"
#include "store_watch.h"

namespace tocsin::bench {
namespace {

constexpr std::chrono::seconds rest{2};
constexpr std::size_t fill_clients = 4;
constexpr std::size_t requests_at_once = 200;  // made ahead: bounds the memory of the load generator
constexpr double aim_rest_mb = 60;
constexpr std::size_t tables_shown = 8;

Result<void> fill(const Plan& plan, const FindingMaker& maker, const Target& target, Report& report) {
  Sent total;
  std::size_t number = 0;
  while (number < plan.stored_findings) {
    std::vector<std::string> requests;
    while (number < plan.stored_findings && requests.size() < requests_at_once) {
      const auto count = std::min(plan.batch_findings, plan.stored_findings - number);
      requests.push_back(import_request(target, maker.batch(Kind::quiet, number, count), SystemClock{}.now()));
      number += count;
    }
    auto sent = send_closed(target, requests, fill_clients, std::chrono::minutes{10});
    if (!sent) return pass_on(sent);
    total.findings += sent->findings;
    total.time += sent->time;
  }
  report.figure("filled at", total.findings_s(), "findings/s");
  return {};
}

Result<void> report_sizes(const Plan& plan, const std::filesystem::path& store, Report& report) {
  const auto each = [&](std::int64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(plan.stored_findings);
  };
  report.figure("database file", each(static_cast<std::int64_t>(std::filesystem::file_size(store))), "bytes/finding");
  auto sizes = table_sizes(store);
  if (!sizes) return pass_on(sizes);
  for (std::size_t i = 0; i < std::min(tables_shown, sizes->size()); ++i)
    report.figure("  of it " + (*sizes)[i].name, each((*sizes)[i].bytes), "bytes/finding");
  return {};
}

}  // namespace

Result<void> measure_volume(const Plan& plan, const FindingMaker& maker, Report& report) {
  report.section(fmt::format("memory and disk with {} findings", plan.stored_findings));
  const Folder folder{plan.folder / "volume"};
  const Server::Options options{.program = plan.program, .data = folder.path(), .identity = plan.identity};
  {
    auto server = Server::start(options);
    if (!server) return pass_on(server);
    std::this_thread::sleep_for(rest);
    report.figure("first start", static_cast<double>(server->start_time().count()), "ms");
    report.figure("memory at rest", server->rss_mb(), "MB", Aim{Aim::Sense::at_most, aim_rest_mb});
    if (auto filled = fill(plan, maker, server->target(), report); !filled) return filled;
    std::this_thread::sleep_for(rest);
    report.figure("memory with the findings", server->rss_mb(), "MB");
    report.figure("memory at its peak", server->rss_peak_mb(), "MB");
    auto stopped = server->stop();
    if (!stopped) return pass_on(stopped);
    report.figure("clean stop", static_cast<double>(stopped->count()), "ms");
  }
  if (auto sized = report_sizes(plan, folder.path() / "store.db", report); !sized) return sized;
  auto again = Server::start(options);
  if (!again) return pass_on(again);
  report.figure("start with the findings", static_cast<double>(again->start_time().count()), "ms");
  std::this_thread::sleep_for(rest);
  report.figure("memory at rest with the findings", again->rss_mb(), "MB");
  again->kill();
  auto recovered = Server::start(options);
  if (!recovered) return pass_on(recovered);
  report.figure("start after a kill", static_cast<double>(recovered->start_time().count()), "ms");
  return {};
}

}  // namespace tocsin::bench
