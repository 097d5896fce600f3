#include "asl/detail/duplicate_keys.h"

#include <set>
#include <vector>

#include "core/json.h"

namespace tocsin::asl {
namespace {

struct Level {
  bool is_object = false;
  bool is_states = false;
  bool expects_key = false;
  std::set<std::string> keys = {};
  std::string last_key = {};
};

// The string that begins at `at` (a quote), decoded; `at` moves behind it.
std::string take_string(std::string_view text, std::size_t& at) {
  const auto start = at++;
  bool escaped = false;
  while (at < text.size() && text[at] != '"') {
    escaped = escaped || text[at] == '\\';
    at += text[at] == '\\' ? 2 : 1;
  }
  ++at;
  if (!escaped) return std::string(text.substr(start + 1, at - start - 2));
  const auto decoded = parse_json(text.substr(start, at - start));
  return decoded && decoded->is_string() ? std::string(std::string_view(decoded->get_string())) : std::string();
}

}  // namespace

std::optional<DuplicateKey> find_duplicate_key(std::string_view text) {
  std::vector<Level> levels;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const auto start = at;
      auto string = take_string(text, at);
      if (levels.empty() || !levels.back().expects_key) continue;
      auto& level = levels.back();
      level.expects_key = false;
      if (!level.keys.insert(string).second) return DuplicateKey{std::move(string), level.is_states, start};
      level.last_key = std::move(string);
      continue;
    }
    if (c == '{' || c == '[') {
      const bool is_states =
          c == '{' && !levels.empty() && levels.back().is_object && levels.back().last_key == "States";
      levels.push_back({.is_object = c == '{', .is_states = is_states, .expects_key = c == '{'});
    } else if ((c == '}' || c == ']') && !levels.empty()) {
      levels.pop_back();
    } else if (c == ',' && !levels.empty()) {
      levels.back().expects_key = levels.back().is_object;
    }
    ++at;
  }
  return std::nullopt;
}

}  // namespace tocsin::asl
