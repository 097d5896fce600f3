// Filter policies of SNS subscriptions, through the event-pattern engine: a policy is a pattern, and the message's
// attributes, or its body, are the event.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {

enum class FilterPolicyScope { message_attributes, message_body };

struct MessageAttribute {
  std::string_view name;
  std::string_view type;   // "String", "String.Array", "Number", "Binary"; a custom label may follow ("Number.int")
  std::string_view value;  // as in StringValue; not used for Binary
};

// Limits of SNS ("Filter policy constraints").
inline constexpr std::size_t filter_policy_keys_max = 5;
inline constexpr std::size_t filter_policy_combinations_max = 150;
inline constexpr std::size_t filter_policy_bytes_max = 256 * 1024;

class FilterPolicy {
 public:
  // `{}` lets everything pass. Errors: validation, aws_code InvalidParameter, message "Invalid parameter:
  // FilterPolicy: …".
  static Result<FilterPolicy> parse(std::string_view policy, FilterPolicyScope scope);

  // A body that is no JSON object passes no policy of scope message_body.
  bool lets_pass(Matcher& matcher, std::span<const MessageAttribute> attributes, std::string_view body) const;

 private:
  std::shared_ptr<const RuleSet> rules_;  // null: everything passes
  FilterPolicyScope scope_{};
};

// The attributes as the event that a policy is matched with: {"name": value}. Binary attributes, numbers that are
// none and arrays that are none are left out, as SNS ignores them.
std::string attributes_as_event(std::span<const MessageAttribute> attributes);

}  // namespace tocsin::pattern
