#include "store/deliveries.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/outbox_rows.h"

namespace tocsin::store {
namespace {

constexpr std::string_view columns =
    "id, kind, destination, key, lane, state, attempt, added, due, last_error, summary, digest";

WaitingDelivery read(const Rows& row, Time now) {
  WaitingDelivery one;
  one.id = row.integer(0);
  one.kind = row.string(1);
  one.destination = row.string(2);
  one.key = row.string(3);
  one.lane = static_cast<Lane>(row.integer(4));
  one.attempts = static_cast<int>(row.integer(6));
  one.added = row.time(7);
  one.last_error = row.string(9);
  one.summary = row.string(10);
  const Time due = row.time(8);
  switch (static_cast<State>(row.integer(5))) {
    case State::in_lane:
      one.state = due > now ? "pausing" : "waiting";
      if (due > now) one.next_try = due;
      break;
    case State::in_line:
      one.state = due == gathers ? "gathering" : "waiting";
      break;
    case State::leased:
      one.state = "under way";
      break;
    case State::in_digest:
      one.state = "in digest";
      break;
  }
  return one;
}

}  // namespace

std::string_view name_of(Lane lane) {
  constexpr std::array<std::string_view, lane_count> names{"containment", "alert", "workflow", "notice", "bulk"};
  return names[static_cast<std::size_t>(lane)];
}

// By the indexes as far as they go: a backlog has very many rows.
std::array<LaneWaiting, lane_count> waiting_by_lane(Reader& reader) {
  std::array<LaneWaiting, lane_count> lanes;
  const auto add = [&](std::size_t lane, std::int64_t count, bool lined, Time oldest) {
    if (lane >= lane_count || count == 0) return;
    lanes[lane].waiting += count;
    if (lined) lanes[lane].in_lines += count;
    lanes[lane].oldest_age = std::max(lanes[lane].oldest_age, reader.now() - oldest);
  };
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    const auto count =
        reader.integer("SELECT count(*) FROM outbox WHERE state = 0 AND lane = ? AND due <= ?", 0, lane, reader.now());
    const auto oldest =
        reader.integer("SELECT added FROM outbox WHERE state = 0 AND lane = ? AND due <= ? ORDER BY due, id LIMIT 1", 0,
                       lane, reader.now());
    add(lane, count, false, from_microseconds(oldest));
  }
  // Waiting in a line, it is due since it was added.
  Rows lined =
      reader.query("SELECT lane, count(*), min(due) FROM outbox WHERE state = 1 AND due < ? GROUP BY lane", gathers);
  while (lined.next()) add(static_cast<std::size_t>(lined.integer(0)), lined.integer(1), true, lined.time(2));
  Rows others = reader.query(
      "SELECT lane, count(*), min(added), 0 FROM outbox WHERE state = 0 AND attempt > 0 AND due > ? GROUP BY lane "
      "UNION ALL SELECT lane, count(*), min(added), 1 FROM outbox WHERE state = 2 GROUP BY lane "
      "UNION ALL SELECT lane, count(*), min(added), 1 FROM outbox WHERE state = 3 GROUP BY lane",
      reader.now());
  while (others.next())
    add(static_cast<std::size_t>(others.integer(0)), others.integer(1), others.boolean(3), others.time(2));
  return lanes;
}

std::vector<WaitingDelivery> waiting_deliveries(Reader& reader, std::string_view kind, std::size_t count_max) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM outbox WHERE (state <> 0 OR due <= ? OR attempt > 0) AND (? = '' OR kind = ?) "
      "ORDER BY lane, added, id LIMIT ?",
      columns);
  std::vector<WaitingDelivery> list;
  Rows rows = reader.query(sql, reader.now(), kind, kind, count_max);
  while (rows.next()) list.push_back(read(rows, reader.now()));
  return list;
}

std::optional<WaitingBody> find_waiting(Reader& reader, std::int64_t id) {
  static const std::string sql = fmt::format("SELECT {}, payload FROM outbox WHERE id = ?", columns);
  Rows rows = reader.query(sql, id);
  if (!rows.next()) return std::nullopt;
  return WaitingBody{read(rows, reader.now()), std::string(rows.blob(12))};
}

bool try_now(Transaction& transaction, std::int64_t id) {
  return transaction.execute("UPDATE outbox SET due = ? WHERE id = ? AND state = 0 AND attempt > 0 AND due > ?",
                             transaction.now(), id, transaction.now()) > 0;
}

bool drop_waiting(Transaction& transaction, std::int64_t id) {
  return transaction.execute("DELETE FROM outbox WHERE id = ? AND state < 2 AND due < ? AND key NOT LIKE 'digest/%'",
                             id, gathers) > 0;
}

}  // namespace tocsin::store
