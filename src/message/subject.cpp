#include "message/subject.h"

#include "core/json.h"

namespace tocsin::message {
namespace {

constexpr std::size_t title_bytes_max = 160;
constexpr std::size_t name_bytes_max = 120;
constexpr std::size_t id_bytes_max = 512;  // as long as Security Hub's

// Cut between characters.
std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

std::string summary(const Subject& subject) {
  json::object document{{"type", cut(subject.type, name_bytes_max)}, {"title", cut(subject.title, title_bytes_max)}};
  if (!subject.severity.empty()) document.emplace("severity", cut(subject.severity, name_bytes_max));
  if (!subject.id.empty()) document.emplace("id", cut(subject.id, id_bytes_max));
  return to_json(document);
}

}  // namespace tocsin::message
