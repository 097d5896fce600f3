// Measures `tocsin serve` from outside: findings a second, latencies, memory. bench/run.sh runs it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "scenario.h"

namespace tocsin::bench {
namespace {

struct Settings {
  Plan plan;
  std::string program, folder, json, version = "tocsin";
  std::string only = "throughput,latency,volume";
  std::int64_t rate_s = 20;
  std::int64_t run_ms = 6'000;
};

Result<void> measure(const Settings& settings, Report& report) {
  const auto wants = [&](std::string_view part) { return settings.only.find(part) != std::string::npos; };
  const FindingMaker maker{settings.plan.identity, SystemClock{}.now()};
  report.machine(describe_machine(settings.plan.folder));
  if (wants("throughput"))
    if (auto done = measure_throughput(settings.plan, maker, report); !done) return done;
  if (wants("latency")) {
    const auto rate = settings.plan.rate_findings_s;
    for (const Mix& mix : {Mix{.request_findings = 10, .hostile_findings_s = rate / 10},
                           Mix{.request_findings = 1, .hostile_findings_s = rate / 10}})
      if (auto done = measure_latency(settings.plan, maker, mix, report); !done) return done;
  }
  if (wants("volume"))
    if (auto done = measure_volume(settings.plan, maker, report); !done) return done;
  return {};
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app{"Measures `tocsin serve`: findings a second, latencies, memory."};
  app.add_option("--program", settings.program, "the tocsin to measure")->required()->check(CLI::ExistingFile);
  app.add_option("--folder", settings.folder, "folder for the stores, on the disk to measure")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--json", settings.json, "file to append the figures to, as JSON lines");
  app.add_option("--version-text", settings.version, "names the program in the report");
  app.add_option("--only", settings.only, "parts: throughput,latency,volume");
  app.add_option("--kinds", settings.plan.kinds, "throughput: LOW,HIGH,hostile");
  app.add_option("--findings", settings.plan.stored_findings, "findings to store for the memory figures");
  app.add_option("--run-findings", settings.plan.throughput_findings, "findings of a throughput run, at most");
  app.add_option("--run-ms", settings.run_ms, "time of a throughput run, at most");
  app.add_option("--rate", settings.plan.rate_findings_s, "findings a second for the latencies")
      ->check(CLI::Range(10, 100'000));
  app.add_option("--rate-seconds", settings.rate_s, "time of a latency run");
  CLI11_PARSE(app, argc, argv);
  settings.plan.program = std::filesystem::absolute(settings.program);
  settings.plan.folder = std::filesystem::absolute(settings.folder);
  settings.plan.rate_time = std::chrono::seconds{settings.rate_s};
  settings.plan.throughput_time = std::chrono::milliseconds{settings.run_ms};

  Report report{settings.json, settings.version};
  if (auto done = measure(settings, report); !done) {
    fmt::print(stderr, "\nthe benchmark cannot go on: {}\n", done.error().message);
    return 1;
  }
  fmt::print("\n{}\n",
             report.missed() == 0 ? "All aims are met." : fmt::format("{} aims are missed.", report.missed()));
  return 0;
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  return tocsin::bench::run(argc, argv);
}
