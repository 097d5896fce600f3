#include "store/transaction.h"

#include <sqlite3.h>

#include "store/connection.h"
#include "store/pending.h"

namespace tocsin::store {

Rows::Rows(std::unique_ptr<detail::Cursor> cursor) : cursor_{std::move(cursor)} {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;

bool Rows::next() {
  return cursor_ && cursor_->connection.step(cursor_->statement);
}
bool Rows::is_null(int column) const {
  return sqlite3_column_type(cursor_->statement, column) == SQLITE_NULL;
}
std::int64_t Rows::integer(int column) const {
  return sqlite3_column_int64(cursor_->statement, column);
}
double Rows::number(int column) const {
  return sqlite3_column_double(cursor_->statement, column);
}

std::string_view Rows::text(int column) const {
  const auto* bytes = sqlite3_column_text(cursor_->statement, column);
  const auto length = sqlite3_column_bytes(cursor_->statement, column);
  return bytes ? std::string_view(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length))
               : std::string_view();
}

std::string_view Rows::blob(int column) const {
  const auto* bytes = sqlite3_column_blob(cursor_->statement, column);
  const auto length = sqlite3_column_bytes(cursor_->statement, column);
  return bytes ? std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(length))
               : std::string_view();
}

const std::optional<Error>& Reader::failure() const {
  return connection_.failure();
}

Rows Reader::run_query(std::string_view sql, const Value* values, std::size_t count) {
  // Rows are read after this call, when the bound bytes may be gone.
  const auto loan = connection_.prepare(sql, values, count, detail::Connection::Bytes::go);
  if (!loan.statement) return Rows{nullptr};
  return Rows{std::make_unique<detail::Cursor>(connection_, loan)};
}

std::int64_t Transaction::run_execute(std::string_view sql, const Value* values, std::size_t count) {
  const auto loan = connection_.prepare(sql, values, count, detail::Connection::Bytes::stay);
  if (!loan.statement) return 0;
  while (connection_.step(loan.statement)) {
  }
  const std::int64_t changed = connection_.failure() ? 0 : connection_.changes();
  connection_.give_back(loan);
  return changed;
}

std::optional<Error> Transaction::take_refusal() {
  if (!connection_.failure_is_of_values()) return std::nullopt;
  std::optional<Error> refusal = connection_.failure();
  connection_.clear_failure();
  return refusal;
}

Transaction::Transaction(detail::Connection& connection, Time now, Random& random)
    : Reader{connection, now}, random_{random}, pending_{std::make_unique<Pending>(now)} {}
Transaction::~Transaction() = default;

Transaction::Mark Transaction::begin_part() {
  run_execute("SAVEPOINT part", nullptr, 0);
  return {signals_.size(), after_commit_.size(), pending_->mark()};
}

void Transaction::end_part(Mark mark, bool keep) {
  if (!keep) {
    run_execute("ROLLBACK TO part", nullptr, 0);
    signals_.resize(mark.signals);
    pending_->undo(mark.pending);
    after_commit_.erase(after_commit_.begin() + static_cast<std::ptrdiff_t>(mark.after_commit), after_commit_.end());
  }
  run_execute("RELEASE part", nullptr, 0);
}

}  // namespace tocsin::store
