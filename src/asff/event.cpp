#include "asff/event.h"

#include <algorithm>

#include "core/time_format.h"

namespace tocsin::asff {
namespace {

// What an envelope adds to its findings, in bytes, generously.
constexpr std::size_t envelope_bytes = 1024;

void write_text(std::string& out, std::string_view text) {
  // Almost every text goes in as it is; the serializer knows the others.
  const auto plain = [](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; };
  if (std::ranges::all_of(text, plain)) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += json::serialize(json::string_view(text));
  }
}

void write_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  write_text(out, text);
}

void open_event(std::string& out, std::string_view detail_type, std::string_view resource, const EventHeader& header) {
  out += R"({"version":"0")";
  write_member(out, "id", header.id);
  write_member(out, "detail-type", detail_type);
  write_member(out, "source", event_source);
  write_member(out, "account", header.hub.account);
  write_member(out, "time", format_rfc3339_seconds(header.time));
  write_member(out, "region", header.hub.region);
  out += ",\"resources\":[";
  write_text(out, resource);
  out += "],\"detail\":{";
}

void write_source(std::string& out, const UpdateSource& source) {
  out += R"("updateSource":{"type":)";
  write_text(out, source.type);
  write_member(out, "identity", source.identity);
  out += ",\"fields\":[";
  for (std::size_t i = 0; i < source.fields.size(); ++i) {
    if (i) out += ',';
    write_text(out, source.fields[i]);
  }
  out += "]},";
}

}  // namespace

std::string imported_event(std::string_view finding_json, const FindingKey& key, const EventHeader& header,
                           const UpdateSource* source) {
  std::string out;
  out.reserve(finding_json.size() + envelope_bytes);
  open_event(out, imported_detail_type, key.product_arn + "/" + key.id, header);
  if (source) write_source(out, *source);
  out += "\"findings\":[";
  out += finding_json;
  out += "]}}";
  return out;
}

std::string custom_action_event(std::span<const std::string> findings_json, const CustomAction& action,
                                const EventHeader& header) {
  std::string out;
  std::size_t bytes = envelope_bytes;
  for (const auto& finding : findings_json) bytes += finding.size() + 1;
  out.reserve(bytes);
  open_event(out, custom_action_detail_type, action.arn, header);
  out += "\"actionName\":";
  write_text(out, action.name);
  write_member(out, "actionDescription", action.description);
  out += ",\"findings\":[";
  for (std::size_t i = 0; i < findings_json.size(); ++i) {
    if (i) out += ',';
    out += findings_json[i];
  }
  out += "]}}";
  return out;
}

}  // namespace tocsin::asff
