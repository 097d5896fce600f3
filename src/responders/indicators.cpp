#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <re2/re2.h>

#include "netset/netset.h"
#include "netset/special.h"
#include "responders/responders.h"

namespace tocsin::responders {
namespace {

constexpr int depth_max = 12;

enum class Domains { look, ignore };

class Collector {
 public:
  void text(std::string_view value, Domains domains) {
    addresses(value);
    if (domains == Domains::look) names(value);
    hashes(value);
  }

  // Every text below `value`. Domains are looked for only in members that hold domains; elsewhere file names and
  // instance types would pass for them.
  void below(const json::value& value, std::string_view member, int depth) {
    if (depth > depth_max) return;
    if (const auto* object = value.if_object()) {
      for (const auto& [key, inner] : *object) below(inner, key, depth + 1);
    } else if (const auto* array = value.if_array()) {
      for (const auto& inner : *array) below(inner, member, depth + 1);
    } else if (const auto* string = value.if_string(); string && !string->starts_with("arn:")) {
      text(*string, holds_domain(member) ? Domains::look : Domains::ignore);
    }
  }

  std::vector<Indicator> found;

 private:
  static bool holds_domain(std::string_view member) {
    static const RE2 pattern{"(?i)(domain|hostname|dns.*name|dest.*name|value)"};
    return RE2::PartialMatch(re2::StringPiece(member.data(), member.size()), pattern);
  }

  void add(std::string_view type, std::string value) {
    Indicator indicator{std::string(type), std::move(value)};
    if (seen_.insert(indicator).second) found.push_back(std::move(indicator));
  }

  void addresses(std::string_view value) {
    // A whole value may be an IPv6 address; inside of texts only IPv4 is looked for.
    if (value.find(':') != value.npos) {
      if (const auto address = netset::parse_address(value)) return add_address(*address);
    }
    static const RE2 pattern{R"((?:^|[^0-9.])((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:[^0-9.]|\.?$|\.[^0-9]))"};
    re2::StringPiece rest{value.data(), value.size()};
    std::string match;
    while (RE2::FindAndConsume(&rest, pattern, &match)) {
      if (const auto address = netset::parse_address(match)) add_address(*address);
      // What ended one address may begin the next one.
      if (!rest.empty() && rest.data() > value.data()) rest = re2::StringPiece(rest.data() - 1, rest.size() + 1);
    }
  }

  void add_address(const netset::Address& address) {
    const auto scope = netset::scope_of(address);
    if (scope == netset::Scope::global || scope == netset::Scope::documentation) add("ip", netset::to_text(address));
  }

  void names(std::string_view value) {
    static const RE2 pattern{
        R"((?:^|[^a-zA-Z0-9.-])([a-zA-Z0-9][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,})(?:$|[^a-zA-Z0-9.-]))"};
    re2::StringPiece rest{value.data(), value.size()};
    std::string match;
    while (RE2::FindAndConsume(&rest, pattern, &match)) {
      std::ranges::transform(match, match.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      if (!match.ends_with(".amazonaws.com")) add("domain", match);
    }
  }

  void hashes(std::string_view value) {
    static const RE2 pattern{R"(\b([0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})\b)"};
    re2::StringPiece rest{value.data(), value.size()};
    std::string match;
    while (RE2::FindAndConsume(&rest, pattern, &match))
      add(match.size() == 32 ? "md5" : match.size() == 40 ? "sha1" : "sha256", match);
  }

  std::set<Indicator> seen_;
};

// Product fields that name the finding itself, its detector or its account, not what was seen.
bool is_identifier(std::string_view key) {
  if (key.starts_with("aws/securityhub/")) return true;
  static const RE2 pattern{"(?i)(detectorid|accountid|/arn$|findingid|ruleid|/id$|localip|/local)"};
  return RE2::PartialMatch(re2::StringPiece(key.data(), key.size()), pattern);
}

}  // namespace

std::vector<Indicator> indicators_of(const json::object& finding) {
  Collector collector;
  if (const auto* resources = finding.if_contains("Resources"); resources && resources->is_array())
    for (const auto& resource : resources->get_array())
      if (const auto* id = find(resource, "Id"); id && id->is_string()) collector.text(id->get_string(), Domains::look);
  for (const auto* section :
       {"Network", "NetworkPath", "Action", "Process", "Malware", "ThreatIntelIndicators", "Threats"})
    if (const auto* value = finding.if_contains(section)) collector.below(*value, section, 0);
  if (const auto* fields = finding.if_contains("ProductFields"); fields && fields->is_object())
    for (const auto& [key, value] : fields->get_object())
      if (!is_identifier(key)) collector.below(value, key, 0);
  return std::move(collector.found);
}

int threat_score(const std::vector<Indicator>& indicators) {
  int score = 10;
  for (const auto& [type, value] : indicators)
    score += type == "ip" ? 15 : type == "domain" ? 10 : type == "sha256" ? 25 : 20;
  return std::min(score, 100);
}

}  // namespace tocsin::responders
