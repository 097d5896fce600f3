#include "simulation/difference.h"

#include <algorithm>

#include <fmt/format.h>

#include "asl/history.h"
#include "jsonpath/jsonpath.h"

namespace tocsin::simulation {
namespace {

constexpr std::size_t value_bytes_max = 300;
constexpr std::size_t compared_lines_max = 2'000;  // of a list; past it the rest is not aligned

std::string shown(const json::value& value) {
  auto text = asl::to_text(value);
  if (text.size() <= value_bytes_max) return text;
  std::size_t end = value_bytes_max;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{}… ({} bytes)", text.substr(0, end), text.size());
}

// Texts that are both documents, as those.
bool as_documents(const json::value& a, const json::value& b, json::value& left, json::value& right) {
  if (!a.is_string() || !b.is_string() || a == b) return false;
  auto parsed_left = parse_json(a.get_string());
  auto parsed_right = parse_json(b.get_string());
  if (!parsed_left || !parsed_right || !parsed_left->is_structured() || !parsed_right->is_structured()) return false;
  left = std::move(*parsed_left);
  right = std::move(*parsed_right);
  return true;
}

class Comparison {
 public:
  explicit Comparison(std::size_t lines_max) : lines_max_{lines_max} {}

  void compare(const json::value& expected, const json::value& actual, const std::string& path) {
    if (alike(expected, actual)) return;
    json::value left, right;
    if (as_documents(expected, actual, left, right)) return compare(left, right, path);
    if (expected.is_object() && actual.is_object()) return members(expected.get_object(), actual.get_object(), path);
    if (expected.is_array() && actual.is_array()) return elements(expected.get_array(), actual.get_array(), path);
    add(fmt::format("{}: expected {}, was {}", path, shown(expected), shown(actual)));
  }

  std::vector<std::string> take() {
    if (left_out_ > 0) lines_.push_back(fmt::format("… and {} more", left_out_));
    return std::move(lines_);
  }

 private:
  void add(std::string line) {
    if (lines_.size() < lines_max_)
      lines_.push_back(std::move(line));
    else
      ++left_out_;
  }

  void members(const json::object& expected, const json::object& actual, const std::string& path) {
    for (const auto& [key, value] : expected) {
      const auto below = fmt::format("{}/{}", path, std::string_view(key));
      if (const auto* other = actual.if_contains(key))
        compare(value, *other, below);
      else
        add(fmt::format("{}: expected {}, is missing", below, shown(value)));
    }
    for (const auto& [key, value] : actual)
      if (!expected.contains(key))
        add(fmt::format("{}/{}: not expected: {}", path, std::string_view(key), shown(value)));
  }

  void elements(const json::array& expected, const json::array& actual, const std::string& path) {
    for (std::size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
      const auto below = fmt::format("{}/{}", path, i);
      if (i >= actual.size())
        add(fmt::format("{}: expected {}, is missing", below, shown(expected[i])));
      else if (i >= expected.size())
        add(fmt::format("{}: not expected: {}", below, shown(actual[i])));
      else
        compare(expected[i], actual[i], below);
    }
  }

  std::size_t lines_max_;
  std::size_t left_out_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

bool alike(const json::value& a, const json::value& b) {
  json::value left, right;
  if (as_documents(a, b, left, right)) return alike(left, right);
  if (const auto* array = a.if_array(); array && b.is_array()) {
    if (array->size() != b.get_array().size()) return false;
    for (std::size_t i = 0; i < array->size(); ++i)
      if (!alike((*array)[i], b.get_array()[i])) return false;
    return true;
  }
  if (const auto* object = a.if_object(); object && b.is_object()) {
    if (object->size() != b.get_object().size()) return false;
    return std::all_of(object->begin(), object->end(), [&](const auto& member) {
      const auto* other = b.get_object().if_contains(member.key());
      return other && alike(member.value(), *other);
    });
  }
  return jsonpath::equal(a, b);
}

std::vector<std::string> differences(const json::value& expected, const json::value& actual, std::string_view path,
                                     std::size_t lines_max) {
  Comparison comparison(lines_max);
  comparison.compare(expected, actual, std::string(path));
  return comparison.take();
}

// The longest common subsequence, by the table of its lengths.
std::vector<std::string> line_differences(const std::vector<std::string>& expected,
                                          const std::vector<std::string>& actual) {
  const auto n = std::min(expected.size(), compared_lines_max);
  const auto m = std::min(actual.size(), compared_lines_max);
  std::vector<std::vector<std::uint16_t>> common(n + 1, std::vector<std::uint16_t>(m + 1));
  for (std::size_t i = n; i-- > 0;)
    for (std::size_t j = m; j-- > 0;)
      common[i][j] = expected[i] == actual[j] ? static_cast<std::uint16_t>(common[i + 1][j + 1] + 1)
                                              : std::max(common[i + 1][j], common[i][j + 1]);
  std::vector<std::string> lines;
  std::size_t i = 0, j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && expected[i] == actual[j]) {
      lines.push_back("  " + expected[i]);
      ++i, ++j;
    } else if (j == m || (i < n && common[i + 1][j] >= common[i][j + 1])) {
      lines.push_back("- " + expected[i++]);
    } else {
      lines.push_back("+ " + actual[j++]);
    }
  }
  if (expected.size() > n) lines.push_back(fmt::format("- … and {} more", expected.size() - n));
  if (actual.size() > m) lines.push_back(fmt::format("+ … and {} more", actual.size() - m));
  return lines;
}

}  // namespace tocsin::simulation
