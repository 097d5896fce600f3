#include "findings/detail/token.h"

#include "digest/digest.h"

namespace tocsin::findings::detail {

std::string make_token(const json::object& content) {
  return digest::base64(to_json(content));
}

Result<json::object> read_token(std::string_view token) {
  auto bytes = digest::from_base64(token);
  if (!bytes) return bad_token();
  auto content = parse_json_object(*bytes);
  if (!content) return bad_token();
  return content;
}

Result<std::string> last_key(const json::object& input) {
  const auto token = string_at(input, "NextToken");
  if (token.empty()) return std::string{};
  auto content = read_token(token);
  if (!content) return pass_on(content);
  const auto key = string_at(*content, "after");
  if (key.empty()) return bad_token();
  return std::string(key);
}

std::string key_token(std::string_view key) {
  return make_token({{"after", key}});
}

}  // namespace tocsin::findings::detail
