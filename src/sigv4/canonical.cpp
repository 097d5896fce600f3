#include <algorithm>

#include "digest/digest.h"
#include "sigv4/detail.h"

namespace tocsin::sigv4 {
namespace detail {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// RFC 3986, section 5.2.4, and repeated slashes made one: what every service but S3 does before it encodes.
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> segments;
  std::size_t at = 0;
  while (at <= path.size()) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, slash - at);
    at = slash + 1;
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : segments) out.append("/").append(segment);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string canonical_path(std::string_view target, std::string_view service) {
  const auto path = path_of(target);
  // S3 keys may hold any bytes and are encoded once; the path on the wire is that encoding already.
  if (service == "s3") return uri_encode(uri_decode(path), true);
  return uri_encode(normalize_path(path), true);
}

std::string canonical_query(std::string_view target, bool presigned) {
  Parameters encoded;
  for (const auto& [name, value] : parse_query(query_of(target))) {
    if (presigned && name == "X-Amz-Signature") continue;
    encoded.emplace_back(uri_encode(name, false), uri_encode(value, false));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// Trimmed, and runs of spaces inside made one.
void append_header_value(std::string& out, std::string_view value) {
  bool space = false;
  for (const char c : trim(value)) {
    if (c == ' ' || c == '\t') {
      space = true;
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
}

std::string canonical_headers(const Request& request, const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    out.append(name).append(":");
    bool first = true;
    for (const auto& [header_name, value] : request.headers) {
      if (!equal_ignoring_case(header_name, name)) continue;
      if (!first) out += ',';
      first = false;
      append_header_value(out, value);
    }
    out += '\n';
  }
  return out;
}

}  // namespace

std::string uri_encode(std::string_view bytes, bool keep_slash) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return out;
}

std::string uri_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::string_view query_of(std::string_view target) {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

Parameters parse_query(std::string_view query) {
  Parameters out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    out.emplace_back(uri_decode(part.substr(0, equals)), uri_decode(part.substr(std::min(equals + 1, part.size()))));
  }
  return out;
}

std::optional<std::string> parameter(const Parameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return std::nullopt;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string_view> header(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (equal_ignoring_case(key, name)) return trim(value);
  return std::nullopt;
}

std::string canonical_form(const Request& request, const Claim& claim, std::string_view payload_hash) {
  std::string out{request.method};
  out.append("\n").append(canonical_path(request.target, claim.scope.service));
  out.append("\n").append(canonical_query(request.target, claim.presigned));
  out.append("\n").append(canonical_headers(request, claim.signed_headers)).append("\n");
  const char* separator = "";
  for (const auto& name : claim.signed_headers) {
    out.append(separator).append(name);
    separator = ";";
  }
  out.append("\n").append(payload_hash);
  return out;
}

std::string payload_line(const Request& request, const Claim& claim) {
  if (!claim.payload_hash.empty()) return claim.payload_hash;
  if (claim.payload == Payload::unsigned_body) return "UNSIGNED-PAYLOAD";
  return digest::sha256_hex(request.body);
}

}  // namespace detail

std::string canonical_request(const Request& request, const Claim& claim) {
  return detail::canonical_form(request, claim, detail::payload_line(request, claim));
}

}  // namespace tocsin::sigv4
