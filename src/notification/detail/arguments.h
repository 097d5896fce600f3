// What SNS accepts as names, attributes, subjects and endpoints. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::notification {

// "Invalid parameter: …" with "InvalidParameterException".
std::unexpected<Error> invalid(std::string message);

// Error: validation. A FIFO topic's name ends in ".fifo".
Result<void> check_topic_name(std::string_view name, bool fifo);
// One attribute of a topic; `is_new` allows FifoTopic. Error: validation.
Result<void> check_topic_attribute(std::string_view name, std::string_view value, bool is_new);
// One attribute of a subscription with this protocol. Error: validation. Filter policies are checked apart.
Result<void> check_subscription_attribute(std::string_view name, std::string_view value, std::string_view protocol);
// ASCII that can be printed, 1 to 100 characters, on one line, not starting with a blank. Error: validation.
Result<void> check_subject(std::string_view subject);
// The endpoint fits its protocol. The message never shows a URL, as that may be a secret. Error: validation.
Result<void> check_endpoint(std::string_view protocol, std::string_view endpoint);

// True for URLs of Slack's incoming webhooks.
bool is_slack_url(std::string_view url);

// Tags as a list of {"Key", "Value"} to a map, and back. Error: validation.
Result<json::object> read_tags(const json::object& input);
json::array write_tags(const json::object& tags);

}  // namespace tocsin::notification
