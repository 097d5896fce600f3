// The cost of taking in one finding: parse, validate, merge, write, wrap into an event. Findings are 1,000 samples
// (seed 1).
#include <benchmark/benchmark.h>

#include "asff/event.h"
#include "asff/filter.h"
#include "asff/merge.h"
#include "asff/recognise.h"
#include "asff/validate.h"
#include "core/time_format.h"
#include "samples/samples.h"

namespace {

using namespace tocsin;

const Identity hub{};
const asff::ImportPolicy policy{.hub = hub, .any_account = true};

Time now() {
  return *parse_rfc3339("2026-03-01T12:00:00Z");
}

struct Corpus {
  std::vector<std::string> texts;
  std::vector<json::object> documents;
  std::string lines;
  std::size_t bytes = 0;
};

const Corpus& corpus() {
  static const Corpus made = [] {
    Corpus out;
    for (const auto& sample : samples::generate({.seed = 1, .hub = hub, .now = now()}, 1000)) {
      for (auto& item : asff::recognise(sample.document, hub)) {
        out.texts.push_back(to_json(*item.finding));
        out.documents.push_back(std::move(*item.finding));
        out.bytes += out.texts.back().size();
        out.lines += out.texts.back() + "\n";
      }
    }
    return out;
  }();
  return made;
}

void count(benchmark::State& state) {
  const auto n = static_cast<double>(corpus().texts.size());
  state.counters["per_finding"] =
      benchmark::Counter(n, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes/finding"] = static_cast<double>(corpus().bytes) / n;
}

void parse(benchmark::State& state) {
  for (auto _ : state) {
    for (const auto& text : corpus().texts) benchmark::DoNotOptimize(parse_json_object(text));
  }
  count(state);
}

void validate(benchmark::State& state) {
  for (auto _ : state) {
    for (const auto& finding : corpus().documents) benchmark::DoNotOptimize(asff::validate(finding, 1000, policy));
  }
  count(state);
}

void merge(benchmark::State& state) {
  const asff::ImportContext context{.hub = hub, .now = now()};
  for (auto _ : state) {
    state.PauseTiming();
    auto findings = corpus().documents;
    state.ResumeTiming();
    for (auto& finding : findings) finding = asff::merge_import(nullptr, std::move(finding), context).finding;
    state.PauseTiming();
    findings.clear();
    state.ResumeTiming();
  }
  count(state);
}

void serialize(benchmark::State& state) {
  for (auto _ : state) {
    for (const auto& finding : corpus().documents) benchmark::DoNotOptimize(to_json(finding));
  }
  count(state);
}

void envelope(benchmark::State& state) {
  const asff::EventHeader header{.id = "77523b30-d5af-4386-b60b-da1f24adddd7", .time = now(), .hub = hub};
  const asff::FindingKey key{.product_arn = "arn:aws:securityhub:us-east-1::product/prowler/prowler",
                             .id = "some-finding"};
  for (auto _ : state) {
    for (const auto& text : corpus().texts) benchmark::DoNotOptimize(asff::imported_event(text, key, header));
  }
  count(state);
}

void take_in(benchmark::State& state) {
  const asff::ImportContext context{.hub = hub, .now = now()};
  const asff::EventHeader header{.id = "77523b30-d5af-4386-b60b-da1f24adddd7", .time = now(), .hub = hub};
  for (auto _ : state) {
    for (const auto& text : corpus().texts) {
      auto finding = asff::parse_finding(text, policy);
      const auto merged = asff::merge_import(nullptr, std::move(*finding), context);
      const auto stored = to_json(merged.finding);
      benchmark::DoNotOptimize(asff::imported_event(stored, asff::key_of(merged.finding), header));
    }
  }
  count(state);
}

void recognise(benchmark::State& state) {
  for (auto _ : state) {
    asff::Recogniser recogniser{hub};
    for (std::size_t i = 0; i < corpus().lines.size(); i += 65536) {
      recogniser.feed(std::string_view{corpus().lines}.substr(i, 65536));
      while (auto item = recogniser.next()) benchmark::DoNotOptimize(item->finding);
    }
    recogniser.finish();
  }
  count(state);
}

void filter(benchmark::State& state) {
  const auto compiled = asff::Filter::compile(*parse_json_object(
      R"({"SeverityLabel":[{"Value":"HIGH","Comparison":"EQUALS"}],
          "ResourceType":[{"Value":"AwsEc2","Comparison":"PREFIX"}],
          "UpdatedAt":[{"DateRange":{"Value":7,"Unit":"DAYS"}}]})"));
  for (auto _ : state) {
    for (const auto& finding : corpus().documents) benchmark::DoNotOptimize(compiled->matches(finding, now()));
  }
  count(state);
}

BENCHMARK(parse)->Unit(benchmark::kMillisecond);
BENCHMARK(validate)->Unit(benchmark::kMillisecond);
BENCHMARK(merge)->Unit(benchmark::kMillisecond);
BENCHMARK(serialize)->Unit(benchmark::kMillisecond);
BENCHMARK(envelope)->Unit(benchmark::kMillisecond);
BENCHMARK(take_in)->Unit(benchmark::kMillisecond);
BENCHMARK(recognise)->Unit(benchmark::kMillisecond);
BENCHMARK(filter)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
