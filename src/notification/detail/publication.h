// A message on its way through a topic, and the forms in which subscribers get it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/json.h"
#include "notification/detail/topic_table.h"

namespace tocsin::notification {

struct Publication {
  std::string message_id;
  Time at{};
  std::string subject;  // empty: none
  std::string message;  // what every protocol gets that has no text of its own
  json::object by_protocol;
  json::object attributes;
  std::string group_id;          // of FIFO topics
  std::string deduplication_id;  // of FIFO topics
  std::string sequence_number;   // of FIFO topics
};

// The text for a protocol (MessageStructure "json").
std::string_view text_for(const Publication& publication, std::string_view protocol);

// SNS's JSON envelope, laid out as SNS lays it out.
std::string notification_envelope(const Publication& publication, const Subscription& subscription);
// What an endpoint gets that is asked to confirm.
std::string confirmation_envelope(const Subscription& subscription, std::string_view message_id, Time at);
// The event that a function subscribed to a topic gets.
std::string function_event(const Publication& publication, const Subscription& subscription);

// The body of a Slack incoming webhook: the subject as text; below it the message, in the colour of the severity that
// it names ("severity" as attribute or in the message). A JSON message shows its values as fields.
std::string slack_body(const Publication& publication, std::string_view protocol);
// "CRITICAL"; empty where the message names none.
std::string severity_of(const Publication& publication, std::string_view protocol);
// What a digest says of it.
std::string slack_summary(const Publication& publication, std::string_view protocol, std::string_view topic);

// An HTTP URL at which a call without a body acts on a subscription: "…/?Action=Unsubscribe&SubscriptionArn=…".
std::string confirm_url(const Subscription& subscription);
std::string unsubscribe_url(const Subscription& subscription);

}  // namespace tocsin::notification
