#include "responders/text.h"

#include <fmt/format.h>

#include "core/time_format.h"

namespace tocsin::responders {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The code point at `at`, and how many bytes it has. The text is valid UTF-8: it was JSON.
std::pair<char32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t value = length == 1 ? lead : lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length && at + i < text.size(); ++i)
    value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  return {value, length};
}

}  // namespace

std::string ascii_pretty_json(const json::value& value) {
  const std::string text = to_pretty_json(value);
  std::string ascii;
  ascii.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [point, length] = code_point(text, at);
    if (point < 0x80) {
      ascii += text[at];
    } else if (point < 0x10000) {
      ascii += fmt::format("\\u{:04x}", static_cast<unsigned>(point));
    } else {
      const auto rest = static_cast<unsigned>(point) - 0x10000;
      ascii += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    }
    at += length;
  }
  return ascii;
}

std::string naive_iso(Time time) {
  const std::string seconds = format_rfc3339_seconds(time);
  const auto fraction = (time - std::chrono::floor<std::chrono::seconds>(time)).count();
  return fmt::format("{}.{:06}", std::string_view(seconds).substr(0, seconds.size() - 1), fraction);
}

std::string ascii_subject(std::string_view text) {
  std::string subject;
  for (std::size_t i = 0; i < text.size() && subject.size() < 100; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80) {
      if (!continues(text[i])) subject += '?';
    } else {
      subject += byte < 0x20 || byte == 0x7f ? ' ' : text[i];
    }
  }
  while (!subject.empty() && subject.back() == ' ') subject.pop_back();
  return subject;
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at)
    if (!continues(text[at]) && seen++ == count) break;
  return text.substr(0, at);
}

std::vector<const json::object*> findings_of(const json::value& event) {
  std::vector<const json::object*> findings;
  const auto* list = find(event, "detail.findings");
  if (!list || !list->is_array()) return findings;
  for (const auto& one : list->get_array())
    if (one.is_object()) findings.push_back(&one.get_object());
  return findings;
}

}  // namespace tocsin::responders
