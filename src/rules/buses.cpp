#include <algorithm>

#include <fmt/format.h>

#include "rules/room.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t name_bytes_max = 256;

bool is_bus_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

}  // namespace

service::Answer Rules::Room::create_event_bus(store::Transaction& transaction, const service::Call& call) {
  const std::string_view name = string_at(call.input, "Name");
  if (name.find('/') != std::string_view::npos) return invalid("Event bus name must not contain '/'.", "Name");
  if (!is_bus_name(name)) return invalid("Parameter Name is not valid.", "Name");
  if (bus_exists(transaction, name))
    return fail(ErrorCode::conflict, fmt::format("Event bus {} already exists.", name),
                "ResourceAlreadyExistsException");
  // The default bus counts, but has no row.
  if (transaction.integer("SELECT count(*) FROM event_bus", 0) + 1 >= static_cast<std::int64_t>(limits_.buses_max))
    return limit_exceeded();
  transaction.execute("INSERT INTO event_bus (name, description, created) VALUES (?,?,?)", name,
                      string_at(call.input, "Description"), transaction.now());
  const std::string arn = bus_arn(identity_, name);
  put_tags(transaction, arn, call.input);
  revise(transaction, name);
  return json::object{{"EventBusArn", arn}};
}

service::Answer Rules::Room::describe_event_bus(store::Reader& reader, const service::Call& call) const {
  const std::string name = bus_of(call.input, "Name");
  if (auto exists = require_bus(reader, name); !exists) return pass_on(exists);
  return json::object{{"Name", name}, {"Arn", bus_arn(identity_, name)}};
}

service::Answer Rules::Room::list_event_buses(store::Reader& reader, const service::Call& call) const {
  auto page = page_of(call.input);
  if (!page) return pass_on(page);
  const std::string_view prefix = string_at(call.input, "NamePrefix");
  std::vector<std::string> names;
  auto rows = reader.query(
      "SELECT name FROM (SELECT name FROM event_bus UNION SELECT 'default') AS bus "
      "WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
      page->after, prefix.size(), prefix, page->count_max + 1);
  while (rows.next()) names.push_back(rows.string(0));
  json::object answer;
  finish_page(*page, names, answer, [](const std::string& name) { return std::string_view(name); });
  json::array buses;
  for (const auto& name : names) buses.push_back(json::object{{"Name", name}, {"Arn", bus_arn(identity_, name)}});
  answer["EventBuses"] = std::move(buses);
  return answer;
}

service::Answer Rules::Room::delete_event_bus(store::Transaction& transaction, const service::Call& call) {
  const std::string name = bus_of(call.input, "Name");
  if (name == default_bus) return invalid("Cannot delete event bus default.", "Name");
  if (transaction.exists("SELECT 1 FROM event_rule WHERE bus = ?", name))
    return invalid("Event bus can't be deleted since it has rules.", "Name");
  transaction.execute("DELETE FROM event_bus WHERE name = ?", name);
  transaction.execute("DELETE FROM event_revision WHERE bus = ?", name);
  transaction.execute("DELETE FROM event_tag WHERE arn = ?", bus_arn(identity_, name));
  return json::object{};
}

}  // namespace tocsin::rules
