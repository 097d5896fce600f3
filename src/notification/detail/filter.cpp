#include "notification/detail/filter.h"

#include "notification/detail/arguments.h"

namespace tocsin::notification {
namespace {

constexpr std::size_t compiled_max = 1000;  // past it, start anew

pattern::FilterPolicyScope scope_of(const json::object& attributes) {
  return string_at(attributes, "FilterPolicyScope") == "MessageBody" ? pattern::FilterPolicyScope::message_body
                                                                     : pattern::FilterPolicyScope::message_attributes;
}

}  // namespace

Result<void> check_filter_policy(const json::object& subscription_attributes) {
  const auto text = string_at(subscription_attributes, "FilterPolicy");
  if (text.empty()) return {};
  auto policy = pattern::FilterPolicy::parse(text, scope_of(subscription_attributes));
  if (policy) return {};
  return fail(ErrorCode::validation, policy.error().message, "InvalidParameterException", policy.error().path);
}

bool Filters::lets_pass(const Subscription& subscription, const Publication& publication) {
  const auto text = string_at(subscription.attributes, "FilterPolicy");
  if (text.empty()) return true;
  const auto scope = scope_of(subscription.attributes);
  std::vector<pattern::MessageAttribute> attributes;
  for (const auto& [name, value] : publication.attributes) {
    const auto* attribute = value.if_object();
    if (!attribute) continue;
    attributes.push_back(
        {.name = name, .type = string_at(*attribute, "DataType"), .value = string_at(*attribute, "StringValue")});
  }
  const std::string key =
      std::string(scope == pattern::FilterPolicyScope::message_body ? "b" : "a") + std::string(text);
  std::lock_guard lock{mutex_};
  auto found = compiled_.find(key);
  if (found == compiled_.end()) {
    auto policy = pattern::FilterPolicy::parse(text, scope);
    if (!policy) return false;  // was checked when it was set; what cannot be decided is not sent
    if (compiled_.size() >= compiled_max) compiled_.clear();
    found = compiled_.emplace(key, std::move(*policy)).first;
  }
  return found->second.lets_pass(matcher_, attributes, text_for(publication, subscription.protocol));
}

}  // namespace tocsin::notification
