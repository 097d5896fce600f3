#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "message/subject.h"
#include "notification/detail/publication.h"

namespace tocsin::notification {
namespace {

constexpr std::size_t message_bytes_max = 3000;  // longer attachments are folded away by Slack
constexpr std::size_t field_bytes_max = 500;
constexpr std::size_t short_field_bytes_max = 40;  // two of them stand side by side
constexpr std::size_t fields_max = 16;

struct Colour {
  std::string_view severity, colour;
};
constexpr Colour colours[] = {{"CRITICAL", "#8b0000"},
                              {"HIGH", "#d00000"},
                              {"MEDIUM", "#f2a000"},
                              {"LOW", "#f2e000"},
                              {"INFORMATIONAL", "#2f81f7"}};
constexpr std::string_view other_colour = "#808080";

// Cut between characters, with a sign that it was.
std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

// Slack's three control characters. Source: Slack, "Formatting text for app surfaces".
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else
      safe += c;
  }
  return safe;
}

std::string scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return to_json(value);
}

void add_field(json::array& fields, std::string_view title, const json::value& value) {
  if (fields.size() >= fields_max || value.is_null()) return;
  const std::string text = scalar_text(value);
  fields.push_back({{"title", escaped(title)},
                    {"value", escaped(cut(text, field_bytes_max))},
                    {"short", text.size() <= short_field_bytes_max}});
}

// The values of the document and of the objects in it, in their order.
json::array fields_of(const json::object& document) {
  json::array fields;
  for (const auto& [name, value] : document) {
    const auto* inner = value.if_object();
    if (!inner) {
      add_field(fields, name, value);
      continue;
    }
    for (const auto& [inner_name, inner_value] : *inner) add_field(fields, inner_name, inner_value);
  }
  return fields;
}

// The first text of this name, however capitalised. Depth is two, as in fields_of().
std::string_view text_in(const json::object& document, std::string_view lower, std::string_view upper) {
  for (const auto& [name, value] : document) {
    if ((name == lower || name == upper) && value.is_string()) return value.get_string();
    if (const auto* inner = value.if_object())
      for (const auto& [inner_name, inner_value] : *inner)
        if ((inner_name == lower || inner_name == upper) && inner_value.is_string()) return inner_value.get_string();
  }
  return {};
}

std::string_view colour_of(std::string_view severity) {
  const auto* found =
      std::find_if(std::begin(colours), std::end(colours), [&](const Colour& c) { return c.severity == severity; });
  return found == std::end(colours) ? other_colour : found->colour;
}

}  // namespace

std::string severity_of(const Publication& publication, std::string_view protocol) {
  if (const auto named = string_at(publication.attributes, "severity.StringValue"); !named.empty())
    return std::string(named);
  const auto document = parse_json_object(text_for(publication, protocol));
  return document ? std::string(text_in(*document, "severity", "Severity")) : std::string();
}

std::string slack_summary(const Publication& publication, std::string_view protocol, std::string_view topic) {
  const auto document = parse_json_object(text_for(publication, protocol)).value_or(json::object{});
  const std::string severity = severity_of(publication, protocol);
  return message::summary(
      {.severity = severity.empty() ? "UNKNOWN" : severity,
       .type = topic,
       .title = publication.subject.empty() ? std::string_view("Notification") : publication.subject,
       .id = text_in(document, "id", "Id")});
}

std::string slack_body(const Publication& publication, std::string_view protocol) {
  const auto text = text_for(publication, protocol);
  json::object attachment;
  const auto document = parse_json_object(text);
  if (document) {
    attachment.emplace("fields", fields_of(*document));
  } else {
    attachment.emplace("text", escaped(cut(text, message_bytes_max)));
  }
  const std::string_view title = publication.subject.empty() ? std::string_view("Notification") : publication.subject;
  attachment.emplace("color", colour_of(severity_of(publication, protocol)));
  attachment.emplace("fallback", escaped(title));
  attachment.emplace("ts", to_epoch_seconds(publication.at));
  return to_json(json::object{{"text", escaped(title)}, {"attachments", json::array{std::move(attachment)}}});
}

}  // namespace tocsin::notification
