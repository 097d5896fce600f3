#include <charconv>

#include <fmt/format.h>

#include "rules/input.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t steps_max = 100;

bool is_name_character(char c) {
  return static_cast<unsigned char>(c) > ' ' && std::string_view{".[]'\"*?@(),$\\"}.find(c) == std::string_view::npos;
}

}  // namespace

Result<EventPath> EventPath::parse(std::string_view text) {
  const auto wrong = [&](std::size_t at, std::string_view what) {
    return fail(ErrorCode::validation,
                fmt::format("JSONPath '{}' is not valid at character {}: {}", text, at + 1, what),
                "ValidationException");
  };
  EventPath path;
  if (!text.starts_with('$')) return wrong(0, "it must begin with '$'");
  std::size_t at = 1;
  while (at < text.size()) {
    if (path.steps_.size() == steps_max) return wrong(at, "too many steps");
    Step step{Step::Kind::name};
    if (text[at] == '.') {
      const std::size_t from = ++at;
      if (at < text.size() && text[at] == '*') {
        step.kind = Step::Kind::wildcard;
        ++at;
      } else {
        while (at < text.size() && is_name_character(text[at])) ++at;
        if (at == from) return wrong(from, "a name is expected after '.'");
        step.name = text.substr(from, at - from);
      }
    } else if (text[at] == '[') {
      const auto end = text.find(']', at);
      if (end == std::string_view::npos) return wrong(at, "']' is missing");
      const auto inside = text.substr(at + 1, end - at - 1);
      if (inside == "*") {
        step.kind = Step::Kind::wildcard;
      } else {
        step.kind = Step::Kind::index;
        const auto [last, error] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
        if (error != std::errc{} || last != inside.data() + inside.size())
          return wrong(at + 1, "an index or * is expected; names are written with dots");
      }
      at = end + 1;
    } else {
      return wrong(at, "'.' or '[' is expected");
    }
    path.has_wildcard_ |= step.kind == Step::Kind::wildcard;
    path.steps_.push_back(std::move(step));
  }
  return path;
}

void EventPath::collect(const json::value& value, std::size_t at, json::array& found) const {
  if (at == steps_.size()) {
    found.push_back(value);
    return;
  }
  const Step& step = steps_[at];
  if (step.kind == Step::Kind::wildcard) {
    if (const auto* array = value.if_array())
      for (const auto& element : *array) collect(element, at + 1, found);
    if (const auto* object = value.if_object())
      for (const auto& member : *object) collect(member.value(), at + 1, found);
  } else if (step.kind == Step::Kind::index) {
    if (const auto* array = value.if_array(); array && step.index < array->size())
      collect((*array)[step.index], at + 1, found);
  } else if (const auto* object = value.if_object()) {
    if (const auto* member = object->if_contains(step.name)) collect(*member, at + 1, found);
  }
}

std::optional<json::value> EventPath::read(const json::value& event) const {
  json::array found;
  collect(event, 0, found);
  if (has_wildcard_) return json::value(std::move(found));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace tocsin::rules
