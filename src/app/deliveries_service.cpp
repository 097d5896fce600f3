#include "app/deliveries_service.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/log.h"
#include "builtins/builtins.h"
#include "core/time_format.h"
#include "rules/rules.h"
#include "store/deliveries.h"
#include "store/given_up.h"
#include "webhook/webhook.h"

namespace tocsin::app {
namespace {

using service::Answer;
using service::Call;
using store::Reader;
using store::Transaction;

constexpr std::int64_t shown_default = 100;
// Of a wish for all: they are changed in one transaction, and others wait behind it.
constexpr std::size_t changed_at_once = 200;
constexpr std::size_t payload_shown_max = 262'144;

// Those whose meaning does not end with what they belonged to. An execution's tasks fail with it when they are given
// up, and what the program does for itself is nobody's to send.
constexpr std::array<std::string_view, 4> kinds_of_people{"webhook", rules::target_kind, "topic-delivery",
                                                          "function-event"};

bool is_for_people(std::string_view kind) {
  return std::ranges::find(kinds_of_people, kind) != kinds_of_people.end();
}

// A web hook's URL is a secret.
std::string shown_destination(std::string_view kind, std::string_view destination) {
  return kind == "webhook" ? webhook::printable(destination) : std::string(destination);
}

json::object base(std::string_view kind, std::string_view destination, store::Lane lane, int attempts, Time since,
                  std::string_view error, Time now) {
  json::object shown{{"Kind", kind},
                     {"Destination", shown_destination(kind, destination)},
                     {"Lane", store::name_of(lane)},
                     {"Attempts", attempts},
                     {"AgeSeconds", std::chrono::floor<std::chrono::seconds>(now - since).count()}};
  if (since != Time{}) shown["Since"] = format_rfc3339(since);
  if (!error.empty()) shown["LastError"] = error.substr(0, 1024);
  return shown;
}

json::object document(const store::WaitingDelivery& delivery, Time now) {
  auto shown = base(delivery.kind, delivery.destination, delivery.lane, delivery.attempts, delivery.added,
                    delivery.last_error, now);
  shown["Id"] = fmt::format("w{}", delivery.id);
  shown["State"] = delivery.state;
  if (delivery.next_try) shown["NextTry"] = format_rfc3339(*delivery.next_try);
  if (const auto about = parse_json_object(delivery.summary)) shown["About"] = string_at(*about, "title");
  return shown;
}

json::object document(const store::GivenUp& delivery, Time now) {
  const Time since = delivery.added == Time{} ? delivery.at : delivery.added;
  auto shown = base(delivery.kind, delivery.destination, delivery.lane, delivery.attempts, since, delivery.error, now);
  shown["Id"] = fmt::format("g{}", delivery.id);
  shown["State"] = "given up";
  shown["GivenUpAt"] = format_rfc3339(delivery.at);
  if (!delivery.dead_letter.empty()) shown["DeadLetterQueue"] = delivery.dead_letter;
  return shown;
}

struct DeliveryId {
  bool is_given_up = false;
  std::int64_t number = 0;
};

// "w17" waits, "g3" was given up.
Result<DeliveryId> read_id(std::string_view text) {
  DeliveryId id{.is_given_up = text.starts_with('g')};
  const bool has_form = text.size() > 1 && (text[0] == 'g' || text[0] == 'w');
  const auto read = std::from_chars(text.data() + (has_form ? 1 : 0), text.data() + text.size(), id.number);
  if (!has_form || read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return fail(ErrorCode::validation, "a delivery's id is 'w' (waiting) or 'g' (given up) and a number, as listed",
                "ValidationException", "Id");
  return id;
}

std::unexpected<Error> none_of(std::string_view id) {
  return fail(ErrorCode::not_found, fmt::format("there is no delivery {} (any more)", id), "ResourceNotFoundException");
}

json::array destinations(Reader& reader) {
  json::array list;
  auto rows = reader.query(
      "SELECT kind, destination, sum(waiting), sum(given_up) FROM (SELECT kind, destination, 1 AS waiting, 0 AS "
      "given_up "
      "FROM outbox WHERE state <> 0 OR due <= ? OR attempt > 0 UNION ALL SELECT kind, destination, 0, 1 FROM "
      "outbox_given_up) AS all_of_them GROUP BY kind, destination ORDER BY 4 DESC, 3 DESC, kind, destination LIMIT 100",
      reader.now());
  while (rows.next())
    list.push_back(json::object{{"Kind", rows.text(0)},
                                {"Destination", shown_destination(rows.text(0), rows.text(1))},
                                {"Waiting", rows.integer(2)},
                                {"GivenUp", rows.integer(3)}});
  return list;
}

Answer list(Reader& reader, const Call& call) {
  const auto kind = string_at(call.input, "Kind");
  const auto state = string_at(call.input, "State");
  const auto shown = static_cast<std::size_t>(integer_at(call.input, "MaxResults", shown_default));
  json::array waiting, given_up;
  if (state != "given-up")
    for (const auto& one : store::waiting_deliveries(reader, kind, shown))
      waiting.push_back(document(one, reader.now()));
  if (state != "waiting")
    for (const auto& one : store::given_up(reader, kind, shown)) given_up.push_back(document(one, reader.now()));
  return json::object{
      {"Destinations", destinations(reader)}, {"Waiting", std::move(waiting)}, {"GivenUp", std::move(given_up)}};
}

// What a machine's task was given may hold what is nobody else's to read.
void add_payload(json::object& shown, std::string_view kind, std::string payload) {
  if (is_for_people(kind) && payload.size() <= payload_shown_max) shown["Payload"] = std::move(payload);
}

Answer describe(Reader& reader, const Call& call) {
  const auto text = string_at(call.input, "Id");
  auto id = read_id(text);
  if (!id) return pass_on(id);
  json::object shown;
  if (id->is_given_up) {
    auto found = store::find_given_up(reader, id->number);
    if (!found) return none_of(text);
    shown = document(*found, reader.now());
    shown["Key"] = found->key;
    add_payload(shown, found->kind, std::move(found->payload));
  } else {
    auto found = store::find_waiting(reader, id->number);
    if (!found) return none_of(text);
    shown = document(found->delivery, reader.now());
    shown["Key"] = found->delivery.key;
    add_payload(shown, found->delivery.kind, std::move(found->payload));
  }
  return json::object{{"Delivery", std::move(shown)}};
}

// Why this one cannot be sent again; nothing: it was.
Result<void> resend_given_up(Transaction& transaction, const store::GivenUp& delivery) {
  if (!is_for_people(delivery.kind))
    return fail(ErrorCode::validation, "what it belonged to has ended; 'tocsin executions redrive' starts it again",
                "ValidationException");
  if (!delivery.can_be_sent())
    return fail(ErrorCode::validation,
                "an earlier version gave it up and did not keep all that sending needs; 'tocsin deliveries show' has "
                "its body, 'tocsin deliveries drop' forgets it",
                "ValidationException");
  if (!store::send_again(transaction, delivery))
    return fail(ErrorCode::validation, "one with its key waits already", "ValidationException");
  if (delivery.kind == "webhook") builtins::remember_announced(transaction, delivery.context);
  return {};
}

struct Chosen {
  std::vector<std::string> ids;
  std::string next;  // where given-up ones go on; empty: these were all
};

// A page of the given-up ones that are people's, from behind the id `after`; from the newest where there is none.
Result<Chosen> choose_given_up(Reader& reader, std::string_view after) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!after.empty()) {
    auto id = read_id(after);
    if (!id) return pass_on(id);
    before = id->number;
  }
  const auto page = store::given_up_before(reader, before, changed_at_once);
  Chosen chosen;
  for (const auto& one : page)
    if (is_for_people(one.kind)) chosen.ids.push_back(fmt::format("g{}", one.id));
  if (page.size() == changed_at_once) chosen.next = fmt::format("g{}", page.back().id);
  return chosen;
}

// Those that the call names; a page of all given-up ones where it asks for them.
Result<Chosen> choose(Reader& reader, const json::object& input) {
  const bool is_all = bool_at(input, "AllGivenUp");
  if (is_all && input.contains("Ids"))
    return fail(ErrorCode::validation, "name deliveries by Ids, or say AllGivenUp, not both", "ValidationException",
                "Ids");
  if (is_all) return choose_given_up(reader, string_at(input, "After"));
  Chosen chosen;
  if (const auto* given = input.if_contains("Ids"); given && given->is_array())
    for (const auto& id : given->get_array())
      if (id.is_string()) chosen.ids.emplace_back(std::string_view(id.get_string()));
  if (chosen.ids.empty())
    return fail(ErrorCode::validation, "name deliveries by Ids, or say AllGivenUp", "ValidationException", "Ids");
  return chosen;
}

// `change` is called with the id of each delivery that was asked for. Where there are more than are changed at once,
// the answer's "Next" is what the next call says as "After": those that were left are not met again.
template <class Change>
Answer change_each(Transaction& transaction, const Call& call, Change change) {
  auto chosen = choose(transaction, call.input);
  if (!chosen) return pass_on(chosen);
  json::array changed, left;
  for (const auto& text : chosen->ids) {
    const auto id = read_id(text);
    Result<void> done;
    if (id)
      done = change(transaction, *id, text);
    else
      done = std::unexpected(id.error());
    if (done)
      changed.push_back(json::value(text));
    else
      left.push_back(json::object{{"Id", text}, {"Reason", done.error().message}});
  }
  json::object answer{{"Changed", std::move(changed)}, {"Left", std::move(left)}, {"More", !chosen->next.empty()}};
  if (!chosen->next.empty()) answer["Next"] = chosen->next;
  return answer;
}

void log_change(Transaction& transaction, const Call& call, std::string_view what, const json::object& answer) {
  transaction.on_commit([what, by = call.caller.arn, count = answer.at("Changed").get_array().size()] {
    spdlog::info("deliveries {} count={} by={}", what, count, log_text(by));
  });
}

Answer resend(Transaction& transaction, const Call& call) {
  auto answer =
      change_each(transaction, call, [](Transaction& t, const DeliveryId& id, std::string_view text) -> Result<void> {
        if (!id.is_given_up) {
          if (store::try_now(t, id.number)) return {};
          if (store::find_waiting(t, id.number))
            return fail(ErrorCode::validation, "it does not pause: it goes as soon as its turn comes",
                        "ValidationException");
          return none_of(text);
        }
        const auto found = store::find_given_up(t, id.number);
        if (!found) return none_of(text);
        return resend_given_up(t, *found);
      });
  if (answer) log_change(transaction, call, "sent again", *answer);
  return answer;
}

Answer drop(Transaction& transaction, const Call& call) {
  auto answer =
      change_each(transaction, call, [](Transaction& t, const DeliveryId& id, std::string_view text) -> Result<void> {
        if (id.is_given_up) {
          if (store::drop_given_up(t, id.number)) return {};
          return none_of(text);
        }
        const auto found = store::find_waiting(t, id.number);
        if (!found) return none_of(text);
        if (!is_for_people(found->delivery.kind))
          return fail(ErrorCode::validation, "something else waits for it", "ValidationException");
        if (store::drop_waiting(t, id.number)) return {};
        return fail(ErrorCode::validation, "it is under way, or part of a digest", "ValidationException");
      });
  if (answer) log_change(transaction, call, "dropped", *answer);
  return answer;
}

}  // namespace

std::vector<service::Operation> deliveries_operations() {
  using service::Read;
  using service::Write;
  constexpr auto lane = store::Lane::alert;
  return {{"ListDeliveries", Read{list}},
          {"DescribeDelivery", Read{describe}},
          {"ResendDeliveries", Write{resend}, lane},
          {"DropDeliveries", Write{drop}, lane}};
}

}  // namespace tocsin::app
