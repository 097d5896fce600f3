#include "store_watch.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "core/clock.h"

namespace tocsin::bench {
namespace {

constexpr std::chrono::microseconds look_interval{500};
constexpr std::chrono::milliseconds settle_interval{5};

std::string text_of(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return text ? text : "";
}

}  // namespace

std::int64_t deliveries_due(Database& store) {
  const auto now = to_microseconds(SystemClock{}.now());
  std::int64_t due = 0;
  for (int lane = 0; lane < 5; ++lane)
    due += store.integer(
        fmt::format("SELECT count(*) FROM outbox WHERE state = 0 AND lane = {} AND due <= {}", lane, now));
  return due;
}

Result<bool> wait_until_settled(const std::filesystem::path& store, std::chrono::milliseconds patience) {
  auto database = Database::open_to_read(store);
  if (!database) return pass_on(database);
  const auto started = SteadyClock::now();
  while (deliveries_due(*database) > 0) {
    if (SteadyClock::now() - started > patience) return false;
    std::this_thread::sleep_for(settle_interval);
  }
  return true;
}

Result<std::vector<TableSize>> table_sizes(const std::filesystem::path& store) {
  auto database = Database::open_to_read(store);
  if (!database) return pass_on(database);
  auto statement = database->prepare(
      "SELECT name, sum(pgsize) FROM dbstat WHERE aggregate = TRUE GROUP BY name "
      "ORDER BY 2 DESC");
  if (!statement) return pass_on(statement);
  std::vector<TableSize> sizes;
  for (;;) {
    auto row = step(statement->get());
    if (!row) return pass_on(row);
    if (!*row) return sizes;
    sizes.push_back({text_of(statement->get(), 0), sqlite3_column_int64(statement->get(), 1)});
  }
}

Result<std::unique_ptr<BlockWatch>> BlockWatch::start(const std::filesystem::path& store) {
  auto database = Database::open_to_read(store);
  if (!database) return pass_on(database);
  std::unique_ptr<BlockWatch> watch{new BlockWatch{std::move(*database)}};
  if (auto ready = watch->prepare(); !ready) return pass_on(ready);
  watch->thread_ = std::thread{[raw = watch.get()] { raw->run(); }};
  return watch;
}

Result<void> BlockWatch::prepare() {
  auto version = database_.prepare("PRAGMA data_version");
  if (!version) return pass_on(version);
  auto fresh = database_.prepare("SELECT rowid, host, state FROM containment_block WHERE rowid > ?");
  if (!fresh) return pass_on(fresh);
  auto one = database_.prepare("SELECT state FROM containment_block WHERE rowid = ? AND state = 'confirmed'");
  if (!one) return pass_on(one);
  version_ = std::move(*version);
  fresh_ = std::move(*fresh);
  one_ = std::move(*one);
  last_row_ = database_.integer("SELECT max(rowid) FROM containment_block");
  return {};
}

BlockWatch::~BlockWatch() {
  stop();
}

const std::unordered_map<std::string, BlockWatch::Seen>& BlockWatch::stop() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  return seen_;
}

void BlockWatch::run() {
  std::int64_t known = -1;
  while (!ending_) {
    sqlite3_reset(version_.get());
    if (sqlite3_step(version_.get()) == SQLITE_ROW) {
      const auto now = sqlite3_column_int64(version_.get(), 0);
      sqlite3_reset(version_.get());
      if (now != known) look();
      known = now;
    }
    std::this_thread::sleep_for(look_interval);
  }
  look();  // what was committed since the last one
}

void BlockWatch::look() {
  sqlite3_bind_int64(fresh_.get(), 1, last_row_);
  while (sqlite3_step(fresh_.get()) == SQLITE_ROW) {
    pending_.push_back({sqlite3_column_int64(fresh_.get(), 0), text_of(fresh_.get(), 1)});
    last_row_ = std::max(last_row_, pending_.back().row);
    seen_[pending_.back().host].wanted = SteadyClock::now();
  }
  sqlite3_reset(fresh_.get());
  std::erase_if(pending_, [this](const Pending& block) {
    sqlite3_bind_int64(one_.get(), 1, block.row);
    const bool is_confirmed = sqlite3_step(one_.get()) == SQLITE_ROW;
    sqlite3_reset(one_.get());
    if (is_confirmed) {
      seen_[block.host].confirmed = SteadyClock::now();
      ++confirmed_;
    }
    return is_confirmed;
  });
}

}  // namespace tocsin::bench
