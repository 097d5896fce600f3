// Queues are made, found, listed, changed, emptied and taken away.
#include <fmt/format.h>

#include "queues/detail/messages.h"
#include "queues/detail/queue_table.h"
#include "queues/queues.h"
#include "store/outbox.h"

namespace tocsin::queues {
namespace {

constexpr std::size_t tags_max = 50;
constexpr std::int64_t list_max = 1000;

Result<json::object> checked_tags(const json::object& tags, std::size_t there_already) {
  if (tags.size() + there_already > tags_max)
    return fail(ErrorCode::validation, fmt::format("Too many tags: a queue has at most {}.", tags_max),
                "InvalidParameterValue");
  for (const auto& [key, value] : tags) {
    const auto* text = value.if_string();
    if (key.empty() || key.size() > 128 || !text || text->size() > 256)
      return fail(ErrorCode::validation, "A tag has a key of 1 to 128 and a value of up to 256 characters.",
                  "InvalidParameterValue");
  }
  return tags;
}

const json::object& object_in(const json::object& input, std::string_view name) {
  static const json::object none;
  const auto* value = input.if_contains(name);
  const auto* object = value ? value->if_object() : nullptr;
  return object ? *object : none;
}

std::unexpected<Error> refuse_redrive(std::string_view policy, std::string_view why) {
  return fail(ErrorCode::validation,
              fmt::format("Value {} for parameter RedrivePolicy is invalid. Reason: {}", policy, why),
              "InvalidParameterValue");
}

// The dead-letter queue is there, of the same kind, and takes messages from `name`.
Result<void> check_dead_letter_queue(store::Reader& reader, const json::object& attributes, std::string_view name,
                                     const Identity& identity) {
  const auto policy = string_at(attributes, "RedrivePolicy");
  const Settings settings = read_settings(attributes);
  if (policy.empty() || !settings.redrive) return {};
  const auto target_name = name_from_arn(settings.redrive->target_arn, identity);
  if (target_name && *target_name == name)
    return refuse_redrive(policy, "A queue cannot be its own dead-letter queue.");
  if (!target_name) return refuse_redrive(policy, "Dead letter target does not exist.");
  const auto target = find_queue(reader, *target_name, identity);
  if (!target) return refuse_redrive(policy, "Dead letter target does not exist.");
  if (target->settings.fifo != settings.fifo)
    return refuse_redrive(policy, "Dead-letter queue must be same type of queue as the source.");
  if (!allows_redrive_from(target->attributes, identity.arn("sqs", name)))
    return refuse_redrive(policy, "The dead-letter queue's RedriveAllowPolicy does not allow this source queue.");
  return {};
}

void apply(json::object& attributes, const json::object& changes) {
  for (const auto& [key, value] : changes) {
    if (value.as_string().empty())
      attributes.erase(key);
    else
      attributes.insert_or_assign(key, value);
  }
}

Result<std::size_t> count_in(const json::object& input) {
  const auto count = input.contains("MaxResults") ? integer_at(input, "MaxResults", 0) : list_max;
  if (count < 1 || count > list_max)
    return fail(ErrorCode::validation, "Value for parameter MaxResults is invalid. Reason: must be between 1 and 1000.",
                "InvalidParameterValue");
  return static_cast<std::size_t>(count);
}

}  // namespace

std::string Queues::url_of(const service::Call& call, std::string_view name) const {
  return fmt::format("{}/{}/{}", call.endpoint, identity_.account, name);
}

service::Answer Queues::create_queue(store::Transaction& transaction, const service::Call& call) {
  const std::string name{string_at(call.input, "QueueName")};
  const auto& wanted = object_in(call.input, "Attributes");
  auto attributes = check_attributes(wanted, name, true);
  if (!attributes) return pass_on(attributes);
  const bool fifo = string_at(*attributes, "FifoQueue") == "true";
  if (auto named = check_queue_name(name, fifo); !named) return pass_on(named);
  auto tags = checked_tags(object_in(call.input, "tags"), 0);
  if (!tags) return pass_on(tags);

  if (const auto there = find_queue(transaction, name, identity_)) {
    const auto shown = with_defaults(there->attributes);
    for (const auto& [key, value] : *attributes)
      if (string_at(shown, std::string_view(key)) != value.as_string())
        return fail(ErrorCode::conflict,
                    fmt::format("A queue already exists with the same name and a different value for attribute {}",
                                std::string_view(key)),
                    "QueueNameExists");
    return json::object{{"QueueUrl", url_of(call, name)}};
  }
  if (auto checked = check_dead_letter_queue(transaction, *attributes, name, identity_); !checked)
    return pass_on(checked);
  Queue queue;
  queue.name = name;
  apply(queue.attributes, *attributes);
  queue.tags = std::move(*tags);
  queue.created = queue.modified = transaction.now();
  insert_queue(transaction, queue);
  transaction.on_commit([this, name, wait = queue.settings.receive_wait] { remember_wait(name, wait); });
  return json::object{{"QueueUrl", url_of(call, name)}};
}

service::Answer Queues::delete_queue(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  erase_queue(transaction, *queue);
  transaction.signal(signal_of(*queue));  // who polls it learns that it is gone
  transaction.on_commit([this, name = queue->name] { remember_wait(name, std::chrono::seconds{0}); });
  return json::object{};
}

service::Answer Queues::purge_queue(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  renew_box(transaction, *queue);
  return json::object{};
}

service::Answer Queues::set_queue_attributes(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  auto changes = check_attributes(object_in(call.input, "Attributes"), queue->name, false);
  if (!changes) return pass_on(changes);
  const auto retention_before = queue->settings.retention;
  apply(queue->attributes, *changes);
  queue->settings = read_settings(queue->attributes);
  if (changes->contains("RedrivePolicy"))
    if (auto checked = check_dead_letter_queue(transaction, queue->attributes, queue->name, identity_); !checked)
      return pass_on(checked);
  queue->modified = transaction.now();
  update_queue(transaction, *queue);
  if (queue->settings.retention != retention_before)
    if (const auto due = next_expiry(transaction, *queue)) sweep_later(transaction, *queue, *due);
  transaction.on_commit([this, name = queue->name, wait = queue->settings.receive_wait] { remember_wait(name, wait); });
  return json::object{};
}

service::Answer Queues::tag_queue(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  auto tags = checked_tags(object_in(call.input, "Tags"), 0);
  if (!tags) return pass_on(tags);
  for (const auto& [key, value] : *tags) queue->tags.insert_or_assign(key, value);
  if (auto fits = checked_tags(queue->tags, 0); !fits) return pass_on(fits);
  update_queue(transaction, *queue);
  return json::object{};
}

service::Answer Queues::untag_queue(store::Transaction& transaction, const service::Call& call) {
  auto queue = find_queue_by_url(transaction, call.input, identity_);
  if (!queue) return pass_on(queue);
  const auto* keys = call.input.if_contains("TagKeys");
  if (keys && keys->is_array())
    for (const auto& key : keys->get_array())
      if (key.is_string()) queue->tags.erase(key.get_string());
  update_queue(transaction, *queue);
  return json::object{};
}

service::Answer Queues::get_queue_url(store::Reader& reader, const service::Call& call) const {
  const auto owner = string_at(call.input, "QueueOwnerAWSAccountId", identity_.account);
  if (owner != identity_.account)
    return fail(ErrorCode::not_found, "The specified queue does not exist.", "QueueDoesNotExist");
  auto queue = find_queue(reader, string_at(call.input, "QueueName"), identity_);
  if (!queue) return pass_on(queue);
  return json::object{{"QueueUrl", url_of(call, queue->name)}};
}

service::Answer Queues::list_queues(store::Reader& reader, const service::Call& call) const {
  const auto count = count_in(call.input);
  if (!count) return std::unexpected(count.error());
  auto page = queues::list_queues(reader, {.prefix = std::string(string_at(call.input, "QueueNamePrefix"))}, *count,
                                  string_at(call.input, "NextToken"));
  if (!page) return pass_on(page);
  json::object answer;
  json::array urls;
  for (const auto& name : page->names) urls.emplace_back(url_of(call, name));
  if (!urls.empty()) answer.emplace("QueueUrls", std::move(urls));
  // A caller that did not ask for pages does not look for more of them.
  if (page->next && call.input.contains("MaxResults")) answer.emplace("NextToken", *page->next);
  return answer;
}

service::Answer Queues::list_queue_tags(store::Reader& reader, const service::Call& call) const {
  auto queue = find_queue_by_url(reader, call.input, identity_);
  if (!queue) return pass_on(queue);
  if (queue->tags.empty()) return json::object{};
  return json::object{{"Tags", queue->tags}};
}

service::Answer Queues::get_queue_attributes(store::Reader& reader, const service::Call& call) const {
  auto queue = find_queue_by_url(reader, call.input, identity_);
  if (!queue) return pass_on(queue);
  const auto* value = call.input.if_contains("AttributeNames");
  const auto* names = value ? value->if_array() : nullptr;
  if (!names || names->empty()) return json::object{};
  const Depth depth = depth_of(reader, *queue);
  json::object all = with_defaults(queue->attributes);
  all.emplace("QueueArn", queue->arn);
  all.emplace("ApproximateNumberOfMessages", std::to_string(depth.visible));
  all.emplace("ApproximateNumberOfMessagesNotVisible", std::to_string(depth.in_flight));
  all.emplace("ApproximateNumberOfMessagesDelayed", std::to_string(depth.delayed));
  all.emplace("CreatedTimestamp", std::to_string(to_epoch_seconds(queue->created)));
  all.emplace("LastModifiedTimestamp", std::to_string(to_epoch_seconds(queue->modified)));
  json::object asked;
  for (const auto& item : *names) {
    const auto* name = item.if_string();
    if (!name || !is_known_attribute(*name))
      return fail(ErrorCode::validation, fmt::format("Unknown Attribute {}.", name ? std::string_view(*name) : "?"),
                  "InvalidAttributeName");
    if (*name == "All") return json::object{{"Attributes", std::move(all)}};
    if (const auto* found = all.if_contains(*name)) asked.insert_or_assign(*name, *found);
  }
  if (asked.empty()) return json::object{};
  return json::object{{"Attributes", std::move(asked)}};
}

service::Answer Queues::list_dead_letter_source_queues(store::Reader& reader, const service::Call& call) const {
  auto queue = find_queue_by_url(reader, call.input, identity_);
  if (!queue) return pass_on(queue);
  const auto count = count_in(call.input);
  if (!count) return std::unexpected(count.error());
  auto page =
      queues::list_queues(reader, {.dead_letter_target = queue->arn}, *count, string_at(call.input, "NextToken"));
  if (!page) return pass_on(page);
  json::array urls;
  for (const auto& name : page->names) urls.emplace_back(url_of(call, name));
  json::object answer{{"queueUrls", std::move(urls)}};
  if (page->next && call.input.contains("MaxResults")) answer.emplace("NextToken", *page->next);
  return answer;
}

Result<Depth> Queues::depth(store::Reader& reader, std::string_view name) const {
  auto queue = find_queue(reader, name, identity_);
  if (!queue) return pass_on(queue);
  return depth_of(reader, *queue);
}

}  // namespace tocsin::queues
