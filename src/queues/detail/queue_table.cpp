#include "queues/detail/queue_table.h"

#include <fmt/format.h>

#include "digest/digest.h"
#include "store/outbox.h"

namespace tocsin::queues {
namespace {

constexpr std::string_view columns = "id, box, name, attributes, tags, created, modified";
constexpr std::string_view token_mark = "queue:";

std::unexpected<Error> no_such_queue() {
  return fail(ErrorCode::not_found, "The specified queue does not exist.", "QueueDoesNotExist");
}

Queue read_queue(const store::Rows& row, const Identity& identity) {
  Queue queue;
  queue.id = row.integer(0);
  queue.box = row.integer(1);
  queue.name = row.string(2);
  queue.arn = identity.arn("sqs", queue.name);
  queue.attributes = parse_json_object(row.text(3)).value_or(json::object{});
  queue.tags = parse_json_object(row.text(4)).value_or(json::object{});
  queue.created = row.time(5);
  queue.modified = row.time(6);
  queue.settings = read_settings(queue.attributes);
  return queue;
}

std::int64_t new_box(store::Transaction& transaction, std::int64_t last_sequence) {
  transaction.execute(
      "INSERT INTO queue_counter (name, last) VALUES ('box', 1) ON CONFLICT (name) DO UPDATE SET last = "
      "queue_counter.last + 1");
  const std::int64_t box = transaction.integer("SELECT last FROM queue_counter WHERE name = 'box'", 0);
  transaction.execute("INSERT INTO queue_box (id, last_sequence, messages) VALUES (?, ?, 0)", box, last_sequence);
  return box;
}

void clear_later(store::Transaction& transaction, std::int64_t box) {
  store::Outbox::add(transaction, {.kind = "queue-clear",
                                   .destination = std::to_string(box),
                                   .payload = "",
                                   .key = fmt::format("queue-clear:{}", box),
                                   .lane = store::Lane::bulk});
}

std::string dead_letter_target(const Queue& queue) {
  const Settings settings = read_settings(queue.attributes);
  return settings.redrive ? settings.redrive->target_arn : std::string();
}

}  // namespace

Result<std::string> name_from_url(std::string_view url, const Identity& identity) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto slash = url.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return no_such_queue();
  const auto name = url.substr(slash + 1);
  const auto before = url.substr(0, slash);
  const auto account = before.substr(before.rfind('/') + 1);
  if (name.empty() || account != identity.account) return no_such_queue();
  return std::string(name);
}

Result<std::string> name_from_arn(std::string_view text, const Identity& identity) {
  const auto arn = parse_arn(text);
  if (!arn || arn->service != "sqs" || arn->account != identity.account || arn->region != identity.region)
    return no_such_queue();
  return arn->resource;
}

Result<Queue> find_queue(store::Reader& reader, std::string_view name, const Identity& identity) {
  static const std::string sql = fmt::format("SELECT {} FROM queue WHERE name = ?", columns);
  auto rows = reader.query(sql, name);
  if (!rows.next()) return no_such_queue();
  return read_queue(rows, identity);
}

Result<Queue> find_queue_by_url(store::Reader& reader, const json::object& input, const Identity& identity) {
  auto name = name_from_url(string_at(input, "QueueUrl"), identity);
  if (!name) return pass_on(name);
  return find_queue(reader, *name, identity);
}

std::optional<Queue> find_queue_by_box(store::Reader& reader, std::int64_t box, const Identity& identity) {
  static const std::string sql = fmt::format("SELECT {} FROM queue WHERE box = ?", columns);
  auto rows = reader.query(sql, box);
  if (!rows.next()) return std::nullopt;
  return read_queue(rows, identity);
}

void insert_queue(store::Transaction& transaction, Queue& queue) {
  queue.box = new_box(transaction, 0);
  queue.id = queue.box;
  queue.settings = read_settings(queue.attributes);
  transaction.execute(
      "INSERT INTO queue (name, id, box, attributes, tags, dead_letter_target, created, modified) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      queue.name, queue.id, queue.box, to_json(queue.attributes), to_json(queue.tags), dead_letter_target(queue),
      queue.created, queue.modified);
}

void update_queue(store::Transaction& transaction, const Queue& queue) {
  transaction.execute("UPDATE queue SET attributes = ?, tags = ?, dead_letter_target = ?, modified = ? WHERE name = ?",
                      to_json(queue.attributes), to_json(queue.tags), dead_letter_target(queue), queue.modified,
                      queue.name);
}

void erase_queue(store::Transaction& transaction, const Queue& queue) {
  transaction.execute("DELETE FROM queue WHERE name = ?", queue.name);
  clear_later(transaction, queue.box);
}

void renew_box(store::Transaction& transaction, Queue& queue) {
  const std::int64_t last = transaction.integer("SELECT last_sequence FROM queue_box WHERE id = ?", 0, queue.box);
  clear_later(transaction, queue.box);
  queue.box = new_box(transaction, last);
  transaction.execute("UPDATE queue SET box = ? WHERE name = ?", queue.box, queue.name);
}

Result<Page> list_queues(store::Reader& reader, const Listing& where, std::size_t count_max, std::string_view token) {
  std::string after;
  if (!token.empty()) {
    auto decoded = digest::from_base64(token);
    if (!decoded || !decoded->starts_with(token_mark))
      return fail(ErrorCode::validation, "Invalid or expired next token.", "InvalidParameterValue");
    after = decoded->substr(token_mark.size());
  }
  auto rows =
      where.dead_letter_target.empty()
          ? reader.query("SELECT name FROM queue WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
                         after, where.prefix.size(), where.prefix, count_max + 1)
          : reader.query("SELECT name FROM queue WHERE dead_letter_target = ? AND name > ? ORDER BY name LIMIT ?",
                         where.dead_letter_target, after, count_max + 1);
  Page page;
  while (rows.next()) page.names.push_back(rows.string(0));
  if (page.names.size() > count_max) {
    page.names.pop_back();
    page.next = digest::base64(fmt::format("{}{}", token_mark, page.names.back()));
  }
  return page;
}

}  // namespace tocsin::queues
