#include "app/deliveries_commands.h"

#include <cstdio>

#include <fmt/format.h>

#include "app/connect.h"
#include "app/exit_code.h"
#include "app/terminal.h"

namespace tocsin::app {
namespace {

constexpr std::string_view target_prefix = "Tocsin_20261122.";

Result<json::object> ask(Client& client, std::string_view operation, const json::object& input) {
  return client.json_target("tocsin", fmt::format("{}{}", target_prefix, operation), to_json(input));
}

// "45 s", "12 min", "3 h", "2 d".
std::string age_text(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86'400);
}

const json::array& list_in(const json::object& answer, std::string_view member) {
  static const json::array none;
  const auto* list = answer.if_contains(member);
  return list && list->is_array() ? list->get_array() : none;
}

std::string deliveries_table(const json::array& deliveries) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& value : deliveries) {
    const auto& one = value.get_object();
    rows.push_back({std::string(string_at(one, "Id")), printable(string_at(one, "Destination")),
                    std::string(string_at(one, "State")), std::string(string_at(one, "Lane")),
                    fmt::format("{}", integer_at(one, "Attempts")), age_text(integer_at(one, "AgeSeconds")),
                    std::string(string_at(one, "NextTry")), printable(string_at(one, "About")),
                    printable(string_at(one, "LastError"))});
  }
  return table({"ID", "DESTINATION", "STATE", "LANE", "TRIES", "AGE", "NEXT TRY", "ABOUT", "LAST ERROR"}, rows, 60);
}

void print_list(const json::object& answer, std::size_t limit) {
  std::vector<std::vector<std::string>> rows;
  std::int64_t all_waiting = 0, all_given_up = 0;
  for (const auto& value : list_in(answer, "Destinations")) {
    const auto& one = value.get_object();
    all_waiting += integer_at(one, "Waiting");
    all_given_up += integer_at(one, "GivenUp");
    rows.push_back({std::string(string_at(one, "Kind")), printable(string_at(one, "Destination")),
                    fmt::format("{}", integer_at(one, "Waiting")), fmt::format("{}", integer_at(one, "GivenUp"))});
  }
  if (rows.empty()) {
    fmt::print("nothing waits, and nothing was given up\n");
    return;
  }
  fmt::print("{}\n", table({"KIND", "DESTINATION", "WAITING", "GIVEN UP"}, rows, 80));
  for (const auto& [member, title, all] : {std::tuple{"Waiting", "Waiting", all_waiting},
                                           std::tuple{"GivenUp", "Given up (newest first)", all_given_up}}) {
    const auto& list = list_in(answer, member);
    if (list.empty()) continue;
    fmt::print("{}\n{}", coloured(Colour::blue, title), deliveries_table(list));
    if (list.size() == limit && all > static_cast<std::int64_t>(limit))
      fmt::print("… {} of {}; --limit shows more\n", limit, all);
    fmt::print("\n");
  }
}

void print_one(const json::object& one) {
  for (const auto& [name, value] : one)
    if (name != "Payload")
      fmt::print("{:<16} {}\n", fmt::format("{}:", std::string_view(name)),
                 value.is_string() ? printable(value.get_string()) : to_json(value));
  const auto payload = string_at(one, "Payload");
  if (payload.empty()) return;
  const auto document = parse_json(payload);
  fmt::print("\n{}\n", document ? to_pretty_json(*document) : printable(payload));
}

// All that was asked for, page by page; the answers are joined.
Result<json::object> change(Client& client, std::string_view operation, const DeliveriesFlags& flags) {
  json::object request;
  if (flags.all) request["AllGivenUp"] = true;
  if (!flags.ids.empty()) {
    json::array ids;
    for (const auto& id : flags.ids) ids.push_back(json::value(id));
    request["Ids"] = std::move(ids);
  }
  json::array changed, left;
  for (;;) {
    auto answer = ask(client, operation, request);
    if (!answer) return answer;
    for (const auto& id : list_in(*answer, "Changed")) changed.push_back(id);
    for (const auto& one : list_in(*answer, "Left")) left.push_back(one);
    const auto next = string_at(*answer, "Next");
    if (next.empty() || next == string_at(request, "After")) break;
    request["After"] = next;
  }
  return json::object{{"Changed", std::move(changed)}, {"Left", std::move(left)}};
}

int run_change(const DeliveriesFlags& flags, std::string_view operation, std::string_view done) {
  if (flags.ids.empty() == !flags.all)
    return complain({ErrorCode::validation, "name deliveries by their ids, or say --all (all that were given up)"},
                    code_wrong_use);
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  auto answer = change(*connection->client, operation, flags);
  if (!answer) return report_failure(flags.client, answer.error());
  const auto& left = list_in(*answer, "Left");
  if (flags.client.json) {
    fmt::print("{}\n", to_json(*answer));
  } else {
    fmt::print("{}: {}\n", done, list_in(*answer, "Changed").size());
    for (const auto& one : left)
      fmt::print("left: {}: {}\n", printable(string_at(one.get_object(), "Id")),
                 printable(string_at(one.get_object(), "Reason")));
  }
  return left.empty() ? 0 : code_in_part;
}

}  // namespace

int run_deliveries_list(const DeliveriesFlags& flags) {
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  json::object request{{"MaxResults", flags.limit}};
  if (!flags.kind.empty()) request["Kind"] = flags.kind;
  if (flags.waiting != flags.given_up) request["State"] = flags.waiting ? "waiting" : "given-up";
  const auto answer = ask(*connection->client, "ListDeliveries", request);
  if (!answer) return report_failure(flags.client, answer.error());
  if (flags.client.json)
    fmt::print("{}\n", to_json(*answer));
  else
    print_list(*answer, flags.limit);
  return 0;
}

int run_deliveries_show(const DeliveriesFlags& flags) {
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  const auto answer = ask(*connection->client, "DescribeDelivery", {{"Id", flags.ids.at(0)}});
  if (!answer) return report_failure(flags.client, answer.error());
  const auto* delivery = answer->if_contains("Delivery");
  if (flags.client.json)
    fmt::print("{}\n", to_json(*answer));
  else if (delivery && delivery->is_object())
    print_one(delivery->get_object());
  return 0;
}

int run_deliveries_resend(const DeliveriesFlags& flags) {
  return run_change(flags, "ResendDeliveries", "to be sent again");
}

int run_deliveries_drop(const DeliveriesFlags& flags) {
  return run_change(flags, "DropDeliveries", "dropped");
}

}  // namespace tocsin::app
