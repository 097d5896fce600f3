// The table of operations, and what the room does on its own time.
#include "notification/detail/distributor.h"
#include "notification/notification.h"
#include "store/outbox.h"

namespace tocsin::notification {

Topics::Topics(Identity identity, const service::Destinations& destinations)
    : identity_{identity}, distributor_{std::make_unique<Distributor>(std::move(identity), destinations)} {}
Topics::~Topics() = default;

void Topics::attach(store::Outbox& outbox) {
  outbox.handle("topic-delivery", [this](store::Transaction& transaction, const store::Due& due) {
    return distributor_->try_again(transaction, due);
  });
  outbox.handle("subscription-expiry", [this](store::Transaction& transaction, const store::Due& due) -> Result<void> {
    const auto subscription = find_subscription_by_id(transaction, due.destination, identity_);
    if (subscription && !subscription->confirmed) erase_subscription(transaction, subscription->id);
    return {};
  });
}

void Topics::set_url(std::string url, bool always) {
  distributor_->set_url(std::move(url), always);
}

void Topics::dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error) {
  distributor_->dead_letter(transaction, due, error);
}

service::Service Topics::service() {
  using service::Call;
  using Writer = service::Answer (Topics::*)(store::Transaction&, const Call&);
  using Asker = service::Answer (Topics::*)(store::Reader&, const Call&) const;
  service::Service sns{.id = "sns", .operations = {}};
  const auto write = [&](std::string name, Writer method) {
    sns.operations.push_back({.name = std::move(name),
                              .run = service::Write{[this, method](store::Transaction& transaction, const Call& call) {
                                return (this->*method)(transaction, call);
                              }}});
  };
  const auto read = [&](std::string name, Asker method) {
    sns.operations.push_back(
        {.name = std::move(name), .run = service::Read{[this, method](store::Reader& reader, const Call& call) {
                                    return (this->*method)(reader, call);
                                  }}});
  };
  write("CreateTopic", &Topics::create_topic);
  write("DeleteTopic", &Topics::delete_topic);
  write("SetTopicAttributes", &Topics::set_topic_attributes);
  write("TagResource", &Topics::tag_resource);
  write("UntagResource", &Topics::untag_resource);
  read("ListTopics", &Topics::list_topics);
  read("GetTopicAttributes", &Topics::get_topic_attributes);
  read("ListTagsForResource", &Topics::list_tags_for_resource);
  write("Subscribe", &Topics::subscribe);
  // Links in messages: the token, or the subscription's own setting, is proof enough.
  write("ConfirmSubscription", &Topics::confirm_subscription);
  sns.operations.back().unsigned_allowed = true;
  write("Unsubscribe", &Topics::unsubscribe);
  sns.operations.back().unsigned_allowed = true;
  write("SetSubscriptionAttributes", &Topics::set_subscription_attributes);
  read("GetSubscriptionAttributes", &Topics::get_subscription_attributes);
  read("ListSubscriptions", &Topics::list_subscriptions);
  read("ListSubscriptionsByTopic", &Topics::list_subscriptions_by_topic);
  write("Publish", &Topics::publish);
  write("PublishBatch", &Topics::publish_batch);
  return sns;
}

}  // namespace tocsin::notification
