// Topics and subscriptions, as rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity.h"
#include "core/json.h"
#include "store/transaction.h"

namespace tocsin::notification {

struct Topic {
  std::string name;
  std::string arn;
  json::object attributes;  // as set
  json::object tags;
  Time created{};

  bool has(std::string_view attribute) const { return string_at(attributes, attribute) == "true"; }
  bool is_fifo() const { return has("FifoTopic"); }
};

struct Subscription {
  std::string id;
  std::string arn;
  std::string topic_arn;
  std::string protocol;
  std::string endpoint;     // may be a secret: never to be put into errors or logs
  json::object attributes;  // as set
  bool confirmed = false;
  bool authenticated = false;  // confirmed so that only its owner may unsubscribe it
  std::string token;           // of the confirmation
  std::string reached_at;      // the URL at which the subscriber reached us, for the links in messages
  Time created{};
};

// Error: validation, "InvalidParameterException" (no ARN of a topic of this account), or not_found,
// "NotFoundException".
Result<Topic> find_topic(store::Reader& reader, std::string_view arn, const Identity& identity);
std::optional<Topic> find_topic_by_name(store::Reader& reader, std::string_view name, const Identity& identity);
void insert_topic(store::Transaction& transaction, const Topic& topic);
void update_topic(store::Transaction& transaction, const Topic& topic);
// Removes the topic and its subscriptions.
void erase_topic(store::Transaction& transaction, const Topic& topic);
// The next sequence number of a FIFO topic.
std::int64_t next_sequence(store::Transaction& transaction, const Topic& topic);

// Error: validation or not_found, as find_topic().
Result<Subscription> find_subscription(store::Reader& reader, std::string_view arn, const Identity& identity);
std::optional<Subscription> find_subscription_by_id(store::Reader& reader, std::string_view id,
                                                    const Identity& identity);
std::optional<Subscription> find_subscription_by_endpoint(store::Reader& reader, const Topic& topic,
                                                          std::string_view protocol, std::string_view endpoint,
                                                          const Identity& identity);
std::optional<Subscription> find_subscription_by_token(store::Reader& reader, const Topic& topic,
                                                       std::string_view token, const Identity& identity);
void insert_subscription(store::Transaction& transaction, const Subscription& subscription);
void update_subscription(store::Transaction& transaction, const Subscription& subscription);
void erase_subscription(store::Transaction& transaction, std::string_view id);
// Counts a message that could not be handed to the subscriber, and why.
void count_failure(store::Transaction& transaction, const Subscription& subscription, std::string_view reason);

struct SubscriptionCounts {
  std::int64_t confirmed = 0;
  std::int64_t pending = 0;
};
SubscriptionCounts count_subscriptions(store::Reader& reader, const Topic& topic);
std::vector<Subscription> confirmed_subscriptions(store::Reader& reader, const Topic& topic, const Identity& identity);

// Pages of 100. Error: validation, "InvalidParameterException", for a token that was not given out here.
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next;  // token, if there is more
};
Result<Page<std::string>> list_topic_arns(store::Reader& reader, std::string_view token, const Identity& identity);
// `topic_name` empty: of all topics.
Result<Page<Subscription>> list_subscriptions(store::Reader& reader, std::string_view topic_name,
                                              std::string_view token, const Identity& identity);

}  // namespace tocsin::notification
