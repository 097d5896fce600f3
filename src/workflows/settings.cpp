#include "workflows/settings.h"

namespace tocsin::workflows {
namespace {

constexpr std::string_view logging = "loggingConfiguration";
constexpr std::string_view tracing = "tracingConfiguration";
constexpr std::string_view encryption = "encryptionConfiguration";

Result<json::object> read_logging(const json::object& given) {
  const auto level = string_at(given, "level", "OFF");
  json::object complete{{"level", level}, {"includeExecutionData", bool_at(given, "includeExecutionData")}};
  const auto* destinations = given.if_contains("destinations");
  const std::size_t count = destinations && destinations->is_array() ? destinations->get_array().size() : 0;
  if (count > 1 || (level != "OFF" && count == 0))
    return fail(ErrorCode::validation, "Invalid Logging Configuration: Must specify exactly one Log Destination.",
                "InvalidLoggingConfiguration", std::string(logging));
  if (count == 1) complete["destinations"] = *destinations;
  return complete;
}

}  // namespace

Result<json::object> read_encryption(const json::object& input) {
  const auto* given = input.if_contains(encryption);
  if (!given || !given->is_object()) return json::object{{"type", "AWS_OWNED_KEY"}};
  const auto& object = given->get_object();
  const bool own_key = string_at(object, "type") == "CUSTOMER_MANAGED_KMS_KEY";
  if (own_key != object.contains("kmsKeyId"))
    return fail(ErrorCode::validation,
                own_key ? "Invalid Encryption Configuration: kmsKeyId is required for CUSTOMER_MANAGED_KMS_KEY."
                        : "Invalid Encryption Configuration: kmsKeyId is only allowed for CUSTOMER_MANAGED_KMS_KEY.",
                "InvalidEncryptionConfiguration", std::string(encryption));
  json::object complete = object;
  if (own_key && !complete.contains("kmsDataKeyReusePeriodSeconds")) complete["kmsDataKeyReusePeriodSeconds"] = 300;
  return complete;
}

Result<json::object> read_settings(const json::object& input, const json::object& before) {
  json::object settings = before;
  const auto is_wanted = [&](std::string_view member) { return input.contains(member) || !before.contains(member); };
  if (is_wanted(logging)) {
    const auto* given = input.if_contains(logging);
    auto complete = read_logging(given && given->is_object() ? given->get_object() : json::object{});
    if (!complete) return pass_on(complete);
    settings[logging] = std::move(*complete);
  }
  if (is_wanted(tracing))
    settings[tracing] = json::object{{"enabled", bool_at(input, std::string(tracing) + ".enabled")}};
  if (is_wanted(encryption)) {
    auto complete = read_encryption(input);
    if (!complete) return pass_on(complete);
    settings[encryption] = std::move(*complete);
  }
  return settings;
}

void show_settings(const json::object& settings, json::object& answer) {
  for (const auto& [name, value] : settings) answer[name] = value;
}

}  // namespace tocsin::workflows
