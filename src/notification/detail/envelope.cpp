#include <fmt/format.h>

#include "core/time_format.h"
#include "notification/detail/publication.h"

namespace tocsin::notification {
namespace {

std::string quoted(std::string_view text) {
  return to_json(json::value(text));
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

// {"name": {"Type": …, "Value": …}}
json::object shown_attributes(const json::object& attributes) {
  json::object shown;
  for (const auto& [name, value] : attributes) {
    const auto* attribute = value.if_object();
    if (!attribute) continue;
    const auto type = string_at(*attribute, "DataType");
    const auto text = string_at(*attribute, type.starts_with("Binary") ? "BinaryValue" : "StringValue");
    shown.emplace(name, json::object{{"Type", type}, {"Value", text}});
  }
  return shown;
}

// Lines of `"Name" : value`, as SNS writes its envelopes; some receivers look at the text.
class Lines {
 public:
  void add(std::string_view name, std::string_view json) {
    text_ += fmt::format("{}  \"{}\" : {}", text_.empty() ? "" : ",\n", name, json);
  }
  void add_text(std::string_view name, std::string_view value) { add(name, quoted(value)); }
  std::string finish() const { return "{\n" + text_ + "\n}"; }

 private:
  std::string text_;
};

}  // namespace

std::string_view text_for(const Publication& publication, std::string_view protocol) {
  return string_at(publication.by_protocol, protocol, publication.message);
}

std::string confirm_url(const Subscription& subscription) {
  return fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", subscription.reached_at,
                     subscription.topic_arn, subscription.token);
}

std::string unsubscribe_url(const Subscription& subscription) {
  return fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}", subscription.reached_at,
                     percent_encoded(subscription.arn));
}

std::string notification_envelope(const Publication& publication, const Subscription& subscription) {
  Lines lines;
  lines.add_text("Type", "Notification");
  lines.add_text("MessageId", publication.message_id);
  if (!publication.sequence_number.empty()) lines.add_text("SequenceNumber", publication.sequence_number);
  lines.add_text("TopicArn", subscription.topic_arn);
  if (!publication.subject.empty()) lines.add_text("Subject", publication.subject);
  lines.add_text("Message", text_for(publication, subscription.protocol));
  lines.add_text("Timestamp", format_rfc3339(publication.at));
  lines.add_text("UnsubscribeURL", unsubscribe_url(subscription));
  if (!publication.attributes.empty()) {
    std::string members;
    for (const auto& [name, value] : shown_attributes(publication.attributes))
      members += fmt::format("{}    {} : {}", members.empty() ? "" : ",\n", quoted(name), to_json(value));
    lines.add("MessageAttributes", "{\n" + members + "\n  }");
  }
  return lines.finish();
}

std::string confirmation_envelope(const Subscription& subscription, std::string_view message_id, Time at) {
  Lines lines;
  lines.add_text("Type", "SubscriptionConfirmation");
  lines.add_text("MessageId", message_id);
  lines.add_text("Token", subscription.token);
  lines.add_text("TopicArn", subscription.topic_arn);
  lines.add_text("Message",
                 fmt::format("You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit "
                             "the SubscribeURL included in this message.",
                             subscription.topic_arn));
  lines.add_text("SubscribeURL", confirm_url(subscription));
  lines.add_text("Timestamp", format_rfc3339(at));
  return lines.finish();
}

std::string function_event(const Publication& publication, const Subscription& subscription) {
  json::object message{{"Type", "Notification"},
                       {"MessageId", publication.message_id},
                       {"TopicArn", subscription.topic_arn},
                       {"Subject", nullptr},
                       {"Message", text_for(publication, subscription.protocol)},
                       {"Timestamp", format_rfc3339(publication.at)},
                       {"UnsubscribeUrl", unsubscribe_url(subscription)},
                       {"MessageAttributes", shown_attributes(publication.attributes)}};
  if (!publication.subject.empty()) message["Subject"] = publication.subject;
  json::object record{{"EventSource", "aws:sns"},
                      {"EventVersion", "1.0"},
                      {"EventSubscriptionArn", subscription.arn},
                      {"Sns", std::move(message)}};
  return to_json(json::object{{"Records", json::array{std::move(record)}}});
}

}  // namespace tocsin::notification
