// Filter policies of subscriptions.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "notification/detail/publication.h"
#include "notification/detail/topic_table.h"
#include "pattern/filter_policy.h"

namespace tocsin::notification {

// The policy of a subscription's attributes can be read, in its scope. Error: validation, "InvalidParameterException".
Result<void> check_filter_policy(const json::object& subscription_attributes);

// Says which messages a subscription wants. Keeps policies compiled, by their text, so that nothing in it goes stale.
class Filters {
 public:
  bool lets_pass(const Subscription& subscription, const Publication& publication);

 private:
  std::mutex mutex_;  // guards what follows
  pattern::Matcher matcher_;
  std::map<std::string, pattern::FilterPolicy, std::less<>> compiled_;
};

}  // namespace tocsin::notification
