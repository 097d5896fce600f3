// Hands publications to the subscribers of their topic.
#pragma once

#include "notification/detail/filter.h"
#include "notification/detail/publication.h"
#include "service/destination.h"
#include "store/outbox.h"

namespace tocsin::notification {

// True if the subscription's messages are to be written as Slack reads them.
bool is_slack(const Subscription& subscription);

class Distributor {
 public:
  Distributor(Identity identity, const service::Destinations& destinations)
      : identity_{std::move(identity)}, destinations_{destinations} {}

  void set_url(std::string url, bool always) {
    url_ = std::move(url);
    url_always_ = always;
  }
  // To every confirmed subscription whose filter policy lets it pass. A subscriber that cannot take it harms no other.
  void hand_out(store::Transaction& transaction, const Topic& topic, const Publication& publication);
  // Sends the endpoint of a pending subscription its token.
  void ask_to_confirm(store::Transaction& transaction, const Subscription& subscription);
  // A delivery to a queue or function that was busy at first (outbox kind "topic-delivery").
  Result<void> try_again(store::Transaction& transaction, const store::Due& due);
  // What is given up goes to the subscription's dead-letter queue, and is counted.
  void dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error);

 private:
  void hand_to(store::Transaction& transaction, const Topic& topic, const Subscription& subscription,
               const Publication& publication);
  void hand_inside(store::Transaction& transaction, const Subscription& subscription, const Publication& publication);
  void post_outside(store::Transaction& transaction, const Topic& topic, const Subscription& subscription,
                    const Publication& publication);

  // The subscription with the URL that links in its messages begin with.
  Subscription linked(Subscription subscription) const;

  Identity identity_;
  const service::Destinations& destinations_;
  Filters filters_;
  std::string url_;
  bool url_always_ = false;
};

}  // namespace tocsin::notification
