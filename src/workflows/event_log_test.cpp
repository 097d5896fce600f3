#include "workflows/detail/event_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/compress.h"
#include "store/testing.h"
#include "workflows/workflows.h"

namespace tocsin::workflows {
namespace {

class EventLogTest : public ::testing::Test {
 protected:
  static asl::HistoryEvent event(std::int64_t id, std::string input, std::int64_t child = 0) {
    return {.id = id,
            .previous = id - 1,
            .timestamp = from_microseconds(1'700'000'000'000'000),
            .type = "PassStateEntered",
            .details_name = "stateEnteredEventDetails",
            .details = {{"name", "P"}, {"input", input}, {"inputDetails", json::object{{"truncated", false}}}},
            .child = child};
  }
  void write(const std::vector<asl::HistoryEvent>& events) {
    store
        .write([&](store::Transaction& t) -> Result<void> {
          write_events(t, 1, events);
          return {};
        })
        .value();
  }
  std::vector<json::object> read(std::int64_t from, bool reverse, std::size_t count = 1000, std::int64_t child = 0) {
    std::vector<json::object> events;
    const auto done = store.read([&](store::Reader& reader) -> Result<void> {
      return read_events(reader, {1, child}, from, reverse, [&](std::int64_t, json::object&& one) {
        events.push_back(std::move(one));
        return events.size() < count;
      });
    });
    EXPECT_TRUE(done) << done.error().message;
    return events;
  }
  std::vector<std::int64_t> ids(std::int64_t from, bool reverse, std::size_t count = 1000, std::int64_t child = 0) {
    std::vector<std::int64_t> list;
    for (const auto& one : read(from, reverse, count, child)) list.push_back(integer_at(one, "id"));
    return list;
  }
  std::int64_t rows() {
    return store
        .read([](store::Reader& reader) -> Result<std::int64_t> {
          return reader.integer("SELECT count(*) FROM execution_event", 0);
        })
        .value();
  }

  store::TestStore store{migrations()};
};

TEST_F(EventLogTest, TextsComeBackAsTheyWere) {
  const std::string odd = "{\"a\":\"\\\"\\u0000 \n\t é]\n[\"}" + std::string(200, 'x');
  write({event(1, "short"), event(2, odd), event(3, odd), event(4, std::string(300, ']'))});
  EXPECT_EQ(rows(), 1);
  const auto events = read(0, false);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(to_json(events[0]),
            R"({"timestamp":"2023-11-14T22:13:20.000Z","type":"PassStateEntered","id":1,"previousEventId":0,)"
            R"("stateEnteredEventDetails":{"name":"P","input":"short","inputDetails":{"truncated":false}}})");
  EXPECT_EQ(events[1].at("stateEnteredEventDetails").at("input").get_string(), odd);
  EXPECT_EQ(events[2].at("stateEnteredEventDetails").at("input").get_string(), odd);
  EXPECT_EQ(events[3].at("stateEnteredEventDetails").at("input").get_string(), std::string(300, ']'));
  EXPECT_FALSE(events[3].contains("@"));
}

TEST_F(EventLogTest, AnyPageBeginsAndEndsInsideRows) {
  // Steps of different lengths, one longer than a row.
  std::int64_t id = 0;
  for (const std::size_t length : {1u, 3u, 150u, 2u, 40u}) {
    std::vector<asl::HistoryEvent> step;
    while (step.size() < length) step.push_back(event(++id, fmt::format("{:200}", id)));
    write(step);
  }
  EXPECT_EQ(rows(), 7);
  for (std::int64_t from = 0; from <= id + 1; ++from) {
    std::vector<std::int64_t> after, before;
    for (std::int64_t i = from + 1; i <= id && after.size() < 10; ++i) after.push_back(i);
    for (std::int64_t i = std::min(from - 1, id); i >= 1 && before.size() < 10; --i) before.push_back(i);
    ASSERT_EQ(ids(from, false, 10), after) << from;
    ASSERT_EQ(ids(from, true, 10), before) << from;
  }
  EXPECT_EQ(ids(INT64_MAX, true).size(), static_cast<std::size_t>(id));
  EXPECT_EQ(ids(0, false).size(), static_cast<std::size_t>(id));
}

TEST_F(EventLogTest, ChildrenHaveHistoriesOfTheirOwn) {
  write({event(1, "a"), event(1, "b", 7), event(2, "c"), event(2, "d", 7), event(1, "e", 8)});
  EXPECT_EQ(rows(), 3);
  EXPECT_EQ(ids(0, false), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(ids(0, false, 10, 7), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(ids(0, false, 10, 8), (std::vector<std::int64_t>{1}));
}

TEST_F(EventLogTest, RowsOfOneEventAreStillRead) {
  store
      .write([](store::Transaction& t) -> Result<void> {
        for (int i = 1; i <= 3; ++i) {
          const auto body = fmt::format(
              R"({{"timestamp":1.7E9,"type":"PassStateEntered","id":{},"previousEventId":0,"d":{{"input":"x"}}}})", i);
          t.execute("INSERT INTO execution_event (execution, child, id, at, body) VALUES (1,0,?,?,?)", i,
                    from_microseconds(1'700'000'000'000'000), store::Blob{store::compress(body)});
        }
        return {};
      })
      .value();
  write({event(4, "y"), event(5, "z")});
  EXPECT_EQ(ids(1, false), (std::vector<std::int64_t>{2, 3, 4, 5}));
  EXPECT_EQ(ids(5, true), (std::vector<std::int64_t>{4, 3, 2, 1}));
  EXPECT_EQ(read(2, false)[0].at("timestamp").get_string(), "2023-11-14T22:13:20.000Z");
}

TEST_F(EventLogTest, DamageIsAnError) {
  for (const std::string body : {"[5", "[5]x", "[999]\nabc[]", "[]\n{}", "[]\n[1]",
                                 R"([]
[{"id":1,"d":{"input":null},"@":{"input":0}}])"}) {
    const auto read = store.write([&](store::Transaction& t) -> Result<void> {
      t.execute("DELETE FROM execution_event");
      t.execute("INSERT INTO execution_event (execution, child, id, at, body) VALUES (1,0,1,0,?)",
                store::Blob{store::compress(body)});
      return read_events(t, {1, 0}, 0, false, [](std::int64_t, json::object&&) { return true; });
    });
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace tocsin::workflows
