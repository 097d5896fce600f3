// Which operation a method and a path mean, in services with REST routes.
#include <algorithm>

#include "api/model.h"
#include "api/wire_text.h"

namespace tocsin::api {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (at < path.size()) {
    if (path[at] == '/') {
      ++at;
      continue;
    }
    const auto end = std::min(path.find('/', at), path.size());
    out.push_back(path.substr(at, end - at));
    at = end;
  }
  return out;
}

// The number of literal segments that match, or -1; more is the better match ("/tags/list" before "/tags/{Arn}").
int match(const std::vector<UriPart>& pattern, const std::vector<std::string_view>& segments, Labels& labels) {
  int literals = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const UriPart& part = pattern[i];
    if (part.is_greedy) {
      const std::size_t after = pattern.size() - i - 1;
      if (segments.size() < at + 1 + after) return -1;
      const std::size_t until = segments.size() - after;
      const char* first = segments[at].data();
      const char* last = segments[until - 1].data() + segments[until - 1].size();
      labels.emplace_back(part.text, percent_decode({first, static_cast<std::size_t>(last - first)}));
      at = until;
      continue;
    }
    if (at >= segments.size()) return -1;
    if (part.is_label) {
      labels.emplace_back(part.text, percent_decode(segments[at]));
    } else if (part.text == segments[at]) {
      ++literals;
    } else {
      return -1;
    }
    ++at;
  }
  return at == segments.size() ? literals : -1;
}

}  // namespace

const OperationModel* Model::route(std::string_view method, std::string_view path, Labels& labels) const {
  const auto segments = segments_of(path);
  const OperationModel* best = nullptr;
  int best_literals = -1;
  for (const auto& [name, operation] : operations) {
    if (operation.method != method) continue;
    Labels found;
    const int literals = match(operation.path, segments, found);
    if (literals <= best_literals) continue;
    best = &operation;
    best_literals = literals;
    labels = std::move(found);
  }
  return best;
}

}  // namespace tocsin::api
