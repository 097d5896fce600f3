// Topics as SNS has them: publishers and subscribers, filter policies, message attributes, confirmation of web
// endpoints, FIFO topics. Durable, and inside one transaction: what is published reaches the queues that are subscribed
// with the same commit, and for everything outside a delivery is left in the outbox.
//
// Where a subscription's messages go:
//   sqs, lambda    to the destination, in the publisher's transaction; if it is busy, again through the outbox
//   http, https    POST of SNS's envelope (or the raw message) through the outbox kind "webhook". The endpoint has to
//                  confirm first, as on AWS: it is sent a SubscriptionConfirmation with a token.
//   Slack          an http or https subscription whose host is hooks.slack.com or hooks.slack-gov.com, or that has the
//                  attribute DeliveryFormat = "slack" (Tocsin's own; "sns" is the other value). It gets Slack's
//                  {"text", "attachments"}, at one message a second, and needs no confirmation, as Slack cannot give
//                  it.
//
// The envelope has no Signature, SignatureVersion and SigningCertURL: they would promise Amazon's certificate, which
// is not ours to use. A receiver that has to be sure of the sender uses a secret URL or listens to us alone.
// Not here: email, SMS, mobile push, Firehose (refused at Subscribe); encryption, archives and feedback roles
// (the attributes are kept and shown).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/identity.h"
#include "service/destination.h"
#include "service/service.h"
#include "store/store.h"

namespace tocsin::notification {

std::span<const store::Migration> migrations();

class Distributor;

class Topics final : public service::Destination {
 public:
  // `destinations` takes what queues and functions are sent; both must outlive this object.
  Topics(Identity identity, const service::Destinations& destinations);
  ~Topics() override;

  // Where subscribers reach us, for the links in messages: always, or only for those subscriptions whose maker did not
  // come over the wire. Before the store starts.
  void set_url(std::string url, bool always);

  // The operations of "sns". This object must outlive them.
  service::Service service();
  // Registers the handlers of the room's deliveries and timers. Before the store starts.
  void attach(store::Outbox& outbox);

  // Publishes to the topic with this ARN. Error: not_found, or validation (what Publish refuses), both final.
  Result<void> deliver(store::Transaction& transaction, const std::string& arn,
                       const service::Message& message) override;

  // What becomes of a delivery of kind "topic-delivery" or "webhook" that the outbox gives up: it is counted at its
  // subscription, if it is one's, and goes to its dead-letter queue, if it has one. For Outbox::on_exhausted.
  void dead_letter(store::Transaction& transaction, const store::Due& due, const Error& error);

  service::Answer create_topic(store::Transaction& transaction, const service::Call& call);
  service::Answer delete_topic(store::Transaction& transaction, const service::Call& call);
  service::Answer set_topic_attributes(store::Transaction& transaction, const service::Call& call);
  service::Answer tag_resource(store::Transaction& transaction, const service::Call& call);
  service::Answer untag_resource(store::Transaction& transaction, const service::Call& call);
  service::Answer list_topics(store::Reader& reader, const service::Call& call) const;
  service::Answer get_topic_attributes(store::Reader& reader, const service::Call& call) const;
  service::Answer list_tags_for_resource(store::Reader& reader, const service::Call& call) const;

  service::Answer subscribe(store::Transaction& transaction, const service::Call& call);
  service::Answer confirm_subscription(store::Transaction& transaction, const service::Call& call);
  service::Answer unsubscribe(store::Transaction& transaction, const service::Call& call);
  service::Answer set_subscription_attributes(store::Transaction& transaction, const service::Call& call);
  service::Answer get_subscription_attributes(store::Reader& reader, const service::Call& call) const;
  service::Answer list_subscriptions(store::Reader& reader, const service::Call& call) const;
  service::Answer list_subscriptions_by_topic(store::Reader& reader, const service::Call& call) const;

  service::Answer publish(store::Transaction& transaction, const service::Call& call);
  service::Answer publish_batch(store::Transaction& transaction, const service::Call& call);

 private:
  Identity identity_;
  std::unique_ptr<Distributor> distributor_;
};

}  // namespace tocsin::notification
