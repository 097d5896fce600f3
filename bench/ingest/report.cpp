#include "report.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/time_format.h"

namespace tocsin::bench {
namespace {

bool is_met(double value, const Aim& aim) {
  return aim.sense == Aim::Sense::at_least ? value >= aim.value : value <= aim.value;
}

std::string to_text(double value) {
  return value >= 100  ? fmt::format("{:.0f}", value)
         : value >= 10 ? fmt::format("{:.1f}", value)
                       : fmt::format("{:.2f}", value);
}

std::string verdict(double value, const std::optional<Aim>& aim) {
  if (!aim) return {};
  return fmt::format("  {} {} {}", is_met(value, *aim) ? "ok:" : "MISSED:",
                     aim->sense == Aim::Sense::at_least ? "at least" : "at most", to_text(aim->value));
}

std::optional<bool> met(double value, const std::optional<Aim>& aim) {
  return aim ? std::optional{is_met(value, *aim)} : std::nullopt;
}

}  // namespace

Report::Report(const std::filesystem::path& lines, std::string version)
    : version_{std::move(version)}, started_{format_rfc3339(SystemClock{}.now())} {
  if (!lines.empty()) lines_ = std::fopen(lines.c_str(), "ae");
}

Report::~Report() {
  if (lines_) std::fclose(lines_);
}

void Report::machine(const Machine& machine) {
  machine_ = fmt::format("{}, {} cores, {:.0f} GB, {}", machine.cpu, machine.cores, machine.memory_gb, machine.disk);
  fmt::print("{}\n{}\n", version_, machine_);
  section("machine");
  latencies("append of 4 KiB and fdatasync", machine.sync_4_kb);
  latencies("append of 128 KiB and fdatasync", machine.sync_128_kb);
  figure("load average before the run", machine.load, "");
  if (machine.load > 0.5) note("The machine was not idle before the run: the figures are worse than they could be.");
}

void Report::section(const std::string& title) {
  section_ = title;
  fmt::print("\n{}\n", title);
  std::fflush(stdout);
}

void Report::line(const std::string& name, double value, const std::string& unit, std::optional<bool> aim_met) {
  if (!lines_) return;
  json::object object{{"bench", "ingest"},   {"run", started_}, {"version", version_}, {"machine", machine_},
                      {"section", section_}, {"name", name},    {"value", value},      {"unit", unit}};
  if (aim_met) object["aim_met"] = *aim_met;
  fmt::print(lines_, "{}\n", to_json(object));
}

void Report::figure(const std::string& name, double value, const std::string& unit, std::optional<Aim> aim) {
  fmt::print("  {:<58} {:>10} {}{}\n", name, to_text(value), unit, verdict(value, aim));
  std::fflush(stdout);
  line(name, value, unit, met(value, aim));
  if (aim && !is_met(value, *aim)) ++missed_;
}

void Report::latencies(const std::string& name, const Latencies& sample, std::optional<Aim> aim) {
  const double p99 = sample.quantile_ms(0.99);
  fmt::print("  {:<58} p50 {:.2f}  p99 {:.2f}  p99.9 {:.2f}  max {:.2f} ms  ({}){}\n", name, sample.quantile_ms(0.5),
             p99, sample.quantile_ms(0.999), sample.max_ms(), sample.count(), verdict(p99, aim));
  std::fflush(stdout);
  line(name + ", p50", sample.quantile_ms(0.5), "ms", {});
  line(name + ", p99", p99, "ms", met(p99, aim));
  line(name + ", p99.9", sample.quantile_ms(0.999), "ms", {});
  line(name + ", max", sample.max_ms(), "ms", {});
  if (aim && !is_met(p99, *aim)) ++missed_;
}

void Report::note(const std::string& text) {
  fmt::print("  {}\n", text);
  std::fflush(stdout);
}

}  // namespace tocsin::bench
