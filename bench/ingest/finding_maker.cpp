#include "finding_maker.h"

#include <fmt/format.h>

#include "core/check.h"
#include "core/json.h"
#include "samples/samples.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t samples_drawn = 1'000;
// Sizes that findings of real exports have; longer ones are left out, so that runs compare.
constexpr std::size_t bytes_min = 1'500;
constexpr std::size_t bytes_max = 5'000;

constexpr std::string_view id_mark = "@bench-id@";
constexpr std::string_view address_mark = "@bench-address@";
constexpr std::string_view address_field =
    "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4";

void set_severity(json::object& finding, std::string_view label, int normalized) {
  finding["Severity"] = json::object{{"Label", label}, {"Normalized", normalized}, {"Original", label}};
  finding.erase("FindingProviderFields");
}

json::object prepared(json::object finding, Kind kind) {
  finding["Id"] = fmt::format("bench/{}", id_mark);
  finding["Workflow"] = json::object{{"Status", "NEW"}};
  finding["RecordState"] = "ACTIVE";
  if (kind == Kind::quiet)
    set_severity(finding, "LOW", 20);
  else
    set_severity(finding, "HIGH", 75);
  if (auto* fields = finding["ProductFields"].if_object()) {
    fields->erase(address_field);
    if (kind == Kind::hostile) (*fields)[address_field] = address_mark;
  }
  return finding;
}

}  // namespace

const char* to_text(Kind kind) {
  return kind == Kind::quiet ? "LOW" : kind == Kind::alarming ? "HIGH" : "hostile";
}

FindingMaker::FindingMaker(const Identity& hub, Time now) {
  const auto cut = [](std::string text) {
    Template cuts;
    for (;;) {
      const auto id = text.find(id_mark), address = text.find(address_mark);
      const auto at = std::min(id, address);
      if (at == text.npos) break;
      const bool is_id = at == id;
      cuts.push_back({text.substr(0, at), is_id ? Cut::Mark::id : Cut::Mark::address});
      text.erase(0, at + (is_id ? id_mark : address_mark).size());
    }
    cuts.push_back({std::move(text), Cut::Mark::none});
    return cuts;
  };
  for (const auto& sample : samples::generate({.seed = 7, .hub = hub, .now = now}, samples_drawn)) {
    if (sample.form != samples::Form::asff) continue;
    const auto bytes = to_json(sample.document).size();
    if (bytes < bytes_min || bytes > bytes_max) continue;
    quiet_.push_back(cut(to_json(prepared(sample.document, Kind::quiet))));
    alarming_.push_back(cut(to_json(prepared(sample.document, Kind::alarming))));
    const auto* fields = sample.document.if_contains("ProductFields");
    if (sample.kind.starts_with("guardduty") && fields && fields->is_object())
      hostile_.push_back(cut(to_json(prepared(sample.document, Kind::hostile))));
  }
  check(!quiet_.empty() && !hostile_.empty(), "the samples hold findings of all kinds");
}

std::string FindingMaker::address(std::uint64_t number) {
  // An odd factor permutes the 24 bits. 45.0.0.0/8 holds no special-purpose range.
  const auto scattered = (number * 0x9E3779B1u) & 0xFF'FFFFu;
  return fmt::format("45.{}.{}.{}", scattered >> 16, (scattered >> 8) & 0xFF, scattered & 0xFF);
}

std::string FindingMaker::finding(Kind kind, std::uint64_t number) const {
  const auto& templates = kind == Kind::quiet ? quiet_ : kind == Kind::alarming ? alarming_ : hostile_;
  std::string text;
  text.reserve(bytes_max + 256);
  for (const auto& cut : templates[number % templates.size()]) {
    text += cut.text;
    if (cut.then == Cut::Mark::id) text += fmt::format("{}-{:012}", to_text(kind), number);
    if (cut.then == Cut::Mark::address) text += address(number);
  }
  return text;
}

std::string FindingMaker::batch(Kind kind, std::uint64_t first, std::size_t count) const {
  std::string body = R"({"Findings":[)";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    body += finding(kind, first + i);
  }
  return body + "]}";
}

}  // namespace tocsin::bench
