#include "notification/detail/topic_table.h"

#include <fmt/format.h>

#include "digest/digest.h"
#include "store/outbox.h"

namespace tocsin::notification {
namespace {

constexpr std::size_t page_size = 100;
constexpr std::string_view token_mark = "after:";
constexpr std::string_view topic_columns = "name, attributes, tags, created";
constexpr std::string_view subscription_columns =
    "id, topic, protocol, endpoint, attributes, confirmed, authenticated, token, reached_at, created";

Topic read_topic(const store::Rows& row, const Identity& identity) {
  Topic topic;
  topic.name = row.string(0);
  topic.arn = identity.arn("sns", topic.name);
  topic.attributes = parse_json_object(row.text(1)).value_or(json::object{});
  topic.tags = parse_json_object(row.text(2)).value_or(json::object{});
  topic.created = row.time(3);
  return topic;
}

Subscription read_subscription(const store::Rows& row, const Identity& identity) {
  Subscription subscription;
  subscription.id = row.string(0);
  subscription.topic_arn = identity.arn("sns", row.text(1));
  subscription.arn = subscription.topic_arn + ":" + subscription.id;
  subscription.protocol = row.string(2);
  subscription.endpoint = row.string(3);
  subscription.attributes = parse_json_object(row.text(4)).value_or(json::object{});
  subscription.confirmed = row.boolean(5);
  subscription.authenticated = row.boolean(6);
  subscription.token = row.string(7);
  subscription.reached_at = row.string(8);
  subscription.created = row.time(9);
  return subscription;
}

template <class... Values>
std::optional<Subscription> find_one(store::Reader& reader, const Identity& identity, std::string_view where,
                                     const Values&... values) {
  auto rows = reader.query(fmt::format("SELECT {} FROM subscription WHERE {}", subscription_columns, where), values...);
  if (!rows.next()) return std::nullopt;
  return read_subscription(rows, identity);
}

std::string name_of(const Subscription& subscription) {
  return subscription.topic_arn.substr(subscription.topic_arn.rfind(':') + 1);
}

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, "Invalid parameter: " + std::move(message), "InvalidParameterException");
}

// "name" or "name:subscription id" of an ARN of this account's SNS.
Result<std::string> resource_of(std::string_view text, std::string_view parameter, const Identity& identity) {
  auto arn = parse_arn(text);
  if (!arn) return invalid(fmt::format("{} Reason: not an ARN", parameter));
  if (arn->service != "sns" || arn->account != identity.account || arn->region != identity.region)
    return invalid(fmt::format("{} Reason: not an ARN of this account and Region", parameter));
  return arn->resource;
}

Result<std::string> read_token(std::string_view token) {
  if (token.empty()) return std::string();
  auto decoded = digest::from_base64(token);
  if (!decoded || !decoded->starts_with(token_mark)) return invalid("NextToken");
  return decoded->substr(token_mark.size());
}

template <class T>
void cut_page(Page<T>& page, auto key_of) {
  if (page.items.size() <= page_size) return;
  page.items.pop_back();
  page.next = digest::base64(fmt::format("{}{}", token_mark, key_of(page.items.back())));
}

}  // namespace

Result<Topic> find_topic(store::Reader& reader, std::string_view arn, const Identity& identity) {
  auto name = resource_of(arn, "TopicArn", identity);
  if (!name) return pass_on(name);
  if (auto topic = find_topic_by_name(reader, *name, identity)) return std::move(*topic);
  return fail(ErrorCode::not_found, "Topic does not exist", "NotFoundException");
}

std::optional<Topic> find_topic_by_name(store::Reader& reader, std::string_view name, const Identity& identity) {
  static const std::string sql = fmt::format("SELECT {} FROM topic WHERE name = ?", topic_columns);
  auto rows = reader.query(sql, name);
  if (!rows.next()) return std::nullopt;
  return read_topic(rows, identity);
}

void insert_topic(store::Transaction& transaction, const Topic& topic) {
  transaction.execute("INSERT INTO topic (name, attributes, tags, created, last_sequence) VALUES (?, ?, ?, ?, 0)",
                      topic.name, to_json(topic.attributes), to_json(topic.tags), topic.created);
}

void update_topic(store::Transaction& transaction, const Topic& topic) {
  transaction.execute("UPDATE topic SET attributes = ?, tags = ? WHERE name = ?", to_json(topic.attributes),
                      to_json(topic.tags), topic.name);
}

void erase_topic(store::Transaction& transaction, const Topic& topic) {
  transaction.execute("DELETE FROM subscription WHERE topic = ?", topic.name);
  transaction.execute("DELETE FROM topic_deduplication WHERE topic = ?", topic.name);
  transaction.execute("DELETE FROM topic WHERE name = ?", topic.name);
}

std::int64_t next_sequence(store::Transaction& transaction, const Topic& topic) {
  auto rows = transaction.query(
      "UPDATE topic SET last_sequence = last_sequence + 1 WHERE name = ? RETURNING last_sequence", topic.name);
  return rows.next() ? rows.integer(0) : 0;
}

Result<Subscription> find_subscription(store::Reader& reader, std::string_view arn, const Identity& identity) {
  auto resource = resource_of(arn, "SubscriptionArn", identity);
  if (!resource) return pass_on(resource);
  const auto colon = resource->rfind(':');
  if (colon == std::string::npos) return invalid("SubscriptionArn Reason: not the ARN of a subscription");
  auto found = find_subscription_by_id(reader, resource->substr(colon + 1), identity);
  if (found && found->arn == arn) return std::move(*found);
  return fail(ErrorCode::not_found, "Subscription does not exist", "NotFoundException");
}

std::optional<Subscription> find_subscription_by_id(store::Reader& reader, std::string_view id,
                                                    const Identity& identity) {
  return find_one(reader, identity, "id = ?", id);
}

std::optional<Subscription> find_subscription_by_endpoint(store::Reader& reader, const Topic& topic,
                                                          std::string_view protocol, std::string_view endpoint,
                                                          const Identity& identity) {
  return find_one(reader, identity, "topic = ? AND protocol = ? AND endpoint = ?", topic.name, protocol, endpoint);
}

std::optional<Subscription> find_subscription_by_token(store::Reader& reader, const Topic& topic,
                                                       std::string_view token, const Identity& identity) {
  if (token.empty()) return std::nullopt;
  return find_one(reader, identity, "topic = ? AND token = ?", topic.name, token);
}

void insert_subscription(store::Transaction& transaction, const Subscription& subscription) {
  transaction.execute(
      "INSERT INTO subscription (id, topic, protocol, endpoint, attributes, confirmed, authenticated, token, "
      "reached_at, "
      "created, failed, last_failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '')",
      subscription.id, name_of(subscription), subscription.protocol, subscription.endpoint,
      to_json(subscription.attributes), subscription.confirmed, subscription.authenticated, subscription.token,
      subscription.reached_at, subscription.created);
}

void update_subscription(store::Transaction& transaction, const Subscription& subscription) {
  transaction.execute(
      "UPDATE subscription SET attributes = ?, confirmed = ?, authenticated = ?, token = ? WHERE id = ?",
      to_json(subscription.attributes), subscription.confirmed, subscription.authenticated, subscription.token,
      subscription.id);
}

void erase_subscription(store::Transaction& transaction, std::string_view id) {
  transaction.execute("DELETE FROM subscription WHERE id = ?", id);
}

void count_failure(store::Transaction& transaction, const Subscription& subscription, std::string_view reason) {
  transaction.execute("UPDATE subscription SET failed = failed + 1, last_failure = ? WHERE id = ?", reason,
                      subscription.id);
}

SubscriptionCounts count_subscriptions(store::Reader& reader, const Topic& topic) {
  SubscriptionCounts counts;
  auto rows =
      reader.query("SELECT confirmed, count(*) FROM subscription WHERE topic = ? GROUP BY confirmed", topic.name);
  while (rows.next()) (rows.boolean(0) ? counts.confirmed : counts.pending) = rows.integer(1);
  return counts;
}

std::vector<Subscription> confirmed_subscriptions(store::Reader& reader, const Topic& topic, const Identity& identity) {
  static const std::string sql =
      fmt::format("SELECT {} FROM subscription WHERE topic = ? AND confirmed = 1 ORDER BY id", subscription_columns);
  std::vector<Subscription> all;
  auto rows = reader.query(sql, topic.name);
  while (rows.next()) all.push_back(read_subscription(rows, identity));
  return all;
}

Result<Page<std::string>> list_topic_arns(store::Reader& reader, std::string_view token, const Identity& identity) {
  auto after = read_token(token);
  if (!after) return pass_on(after);
  Page<std::string> page;
  auto rows = reader.query("SELECT name FROM topic WHERE name > ? ORDER BY name LIMIT ?", *after, page_size + 1);
  while (rows.next()) page.items.push_back(rows.string(0));
  cut_page(page, [](const std::string& name) { return name; });
  for (auto& item : page.items) item = identity.arn("sns", item);
  return page;
}

Result<Page<Subscription>> list_subscriptions(store::Reader& reader, std::string_view topic_name,
                                              std::string_view token, const Identity& identity) {
  auto after = read_token(token);
  if (!after) return pass_on(after);
  Page<Subscription> page;
  auto rows =
      topic_name.empty()
          ? reader.query(
                fmt::format("SELECT {} FROM subscription WHERE id > ? ORDER BY id LIMIT ?", subscription_columns),
                *after, page_size + 1)
          : reader.query(fmt::format("SELECT {} FROM subscription WHERE topic = ? AND id > ? ORDER BY id LIMIT ?",
                                     subscription_columns),
                         topic_name, *after, page_size + 1);
  while (rows.next()) page.items.push_back(read_subscription(rows, identity));
  cut_page(page, [](const Subscription& subscription) { return subscription.id; });
  return page;
}

}  // namespace tocsin::notification
