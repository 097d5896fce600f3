// The event-pattern engine on one thread: events a second, bytes a second, and the ratio to the rate at which simdjson
// parses the same bytes into its tape, which is the limit for anything that looks at the whole of an event.
//
// Usage: bench_pattern [SECONDS a figure, default 1] [part of a name, to measure only that]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "generate.h"
#include "pattern/pattern.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::size_t total_bytes(const std::vector<std::string>& events) {
  std::size_t bytes = 0;
  for (const std::string& event : events) bytes += event.size();
  return bytes;
}

// Goes over all events again and again, in portions that are short beside a time slice, and takes the best time of each
// portion: other work on the machine only ever slows one down.
template <class Events, class Work>
double events_per_second(const Events& events, double seconds, Work work) {
  constexpr std::size_t portion = 50;
  std::vector<double> best((events.size() + portion - 1) / portion, 1e9);
  const auto begin = Clock::now();
  do {
    for (std::size_t p = 0; p < best.size(); ++p) {
      const std::size_t end = std::min(events.size(), (p + 1) * portion);
      const auto start = Clock::now();
      for (std::size_t i = p * portion; i < end; ++i) work(events[i]);
      best[p] = std::min(best[p], seconds_since(start));
    }
  } while (seconds_since(begin) < seconds);
  return static_cast<double>(events.size()) / std::accumulate(best.begin(), best.end(), 0.0);
}

double simdjson_rate(const std::vector<std::string>& events, double seconds) {
  simdjson::dom::parser parser;
  const std::vector<simdjson::padded_string> padded(events.begin(), events.end());
  return events_per_second(padded, seconds, [&](const simdjson::padded_string& event) {
    if (parser.parse(event).error() != simdjson::SUCCESS) std::abort();
  });
}

struct Set {
  std::shared_ptr<const pattern::RuleSet> rules;
  double compile_ms;
};

Set compiled(const std::vector<std::string>& patterns) {
  std::vector<pattern::Rule> rules;
  for (const std::string& text : patterns) rules.push_back({static_cast<pattern::RuleId>(rules.size()), text});
  const auto start = Clock::now();
  auto set = pattern::compile(rules);
  const double ms = seconds_since(start) * 1000;
  if (!set) {
    fmt::print(stderr, "{}\n", set.error().message);
    std::exit(1);
  }
  return {*set, ms};
}

struct Line {
  std::string name;
  const std::vector<std::string>* events;
  double simdjson;  // events a second
  std::vector<std::string> patterns;
  double aim;  // events a second
};

void measure(const Line& line, double seconds) {
  const Set set = compiled(line.patterns);
  pattern::Matcher matcher;
  std::vector<pattern::RuleId> matched;
  std::size_t matches = 0;
  for (const std::string& event : *line.events) {
    if (!matcher.match(*set.rules, event, matched)) std::exit(1);
    matches += matched.size();
  }
  const double rate = events_per_second(*line.events, seconds, [&](const std::string& event) {
    if (!matcher.match(*set.rules, event, matched)) std::abort();
  });
  const double bytes = static_cast<double>(total_bytes(*line.events)) / static_cast<double>(line.events->size());
  fmt::print("{:<32}{:>12.0f}{:>9.2f}{:>11.2f}{:>12.0f}{:>6.2f}{:>10.3f}{:>11.1f}{:>10}\n", line.name, rate,
             rate * bytes / 1e9, rate / line.simdjson, line.aim, rate / line.aim,
             static_cast<double>(matches) / static_cast<double>(line.events->size()), set.compile_ms,
             pattern::figures(*set.rules).bytes / 1024);
  std::fflush(stdout);
}

// What it takes to add and to remove one rule of 10,000, published each time.
void measure_changes() {
  pattern::RuleSetBuilder builder;
  const auto patterns = bench::finding_rules(10'001);
  for (std::size_t i = 0; i < 10'000; ++i) {
    if (!builder.put(static_cast<pattern::RuleId>(i), patterns[i])) std::abort();
  }
  builder.publish();
  double worst = 0;
  for (int i = 0; i < 20; ++i) {
    const auto start = Clock::now();
    if (i % 2 == 0) {
      if (!builder.put(pattern::RuleId{10'000}, patterns[10'000])) std::abort();
    } else {
      builder.remove(pattern::RuleId{10'000});
    }
    builder.publish();
    worst = std::max(worst, seconds_since(start) * 1000);
  }
  fmt::print("\nAdding or removing one rule of 10,000, published: {:.1f} ms at worst of 20 (aim 50).\n", worst);
}

std::vector<Line> lines(const std::vector<std::string>& lots, const std::vector<std::string>& nested,
                        const std::vector<std::string>& findings, double seconds) {
  const double of_lots = simdjson_rate(lots, seconds), of_nested = simdjson_rate(nested, seconds),
               of_findings = simdjson_rate(findings, seconds);
  const auto print = [](const char* what, const std::vector<std::string>& events, double rate) {
    const double bytes = static_cast<double>(total_bytes(events)) / static_cast<double>(events.size());
    fmt::print("simdjson {}: {} events of {:.0f} bytes, {:.0f} a second, {:.2f} GB/s\n", what, events.size(), bytes,
               rate, rate * bytes / 1e9);
  };
  print("city lots", lots, of_lots);
  print("city lots, nested objects", nested, of_nested);
  print("findings", findings, of_findings);
  std::vector<Line> all;
  const double aims[] = {5e6, 4e6, 4e6, 4e6, 4e6, 3e6, 3e6, 6e5, 1e6};
  std::size_t i = 0;
  for (const auto& kind : bench::lot_rules()) {
    const bool is_nested = i >= 7;
    all.push_back({fmt::format("lots, {} rules, {}", kind.patterns.size(), kind.name), is_nested ? &nested : &lots,
                   is_nested ? of_nested : of_lots, kind.patterns, aims[i++]});
  }
  for (const auto& [count, aim] : {std::pair{1, 5e5}, {100, 4e5}, {1'000, 3e5}, {10'000, 1e5}}) {
    all.push_back({fmt::format("findings, {} rules", count), &findings, of_findings,
                   bench::finding_rules(static_cast<std::size_t>(count)), aim});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const std::string_view only = argc > 2 ? argv[2] : "";
  const auto lots = bench::city_lots(2'000, false), nested = bench::city_lots(2'000, true);
  const auto findings = bench::findings(500);
  const auto all = lines(lots, nested, findings, seconds / 2);
  fmt::print("\n{:<32}{:>12}{:>9}{:>11}{:>12}{:>6}{:>10}{:>11}{:>10}\n", "", "events/s", "GB/s", "/simdjson", "aim",
             "/aim", "matches", "compile ms", "KiB");
  for (const Line& line : all) {
    if (line.name.find(only) != std::string::npos) measure(line, seconds);
  }
  if (only.empty()) measure_changes();
}
