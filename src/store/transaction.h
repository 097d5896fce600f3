// Reading and writing the store: SQL with bound values, inside one consistent snapshot (Reader) or one
// atomic change (Transaction).
//
// Failures of the disk are sticky: the first one makes every later call of the same Reader or Transaction
// do nothing and find nothing, and the whole change is rolled back and reported as failed. So callers need
// not test each statement; they have no effect but what they write. A value that the tables do not take (a
// constraint) is sticky in the same way, but only to the end of the part that wrote it: that part fails alone.
// SQL keeps to the subset that SQLite 3.40 and PostgreSQL 15 share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"

namespace tocsin::store {

class Pending;

namespace detail {
class Connection;
class Cursor;
}  // namespace detail

// Bytes that are not text.
struct Blob {
  std::string_view bytes;
};

// One value to bind. Time is stored as integer microseconds, bool as 0 or 1. The bytes of text must outlive the call.
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

inline Value bind(std::nullptr_t) {
  return nullptr;
}
inline Value bind(Blob blob) {
  return blob;
}
inline Value bind(Time time) {
  return to_microseconds(time);
}
inline Value bind(double number) {
  return number;
}
template <class T>
  requires std::is_integral_v<T>
Value bind(T number) {
  return static_cast<std::int64_t>(number);
}
template <class T>
  requires std::is_convertible_v<const T&, std::string_view>
Value bind(const T& text) {
  return std::string_view(text);
}
template <class T>
Value bind(const std::optional<T>& value) {
  return value ? bind(*value) : Value{nullptr};
}

// The rows of a query, read forwards: `while (rows.next()) rows.text(0)`. Column views hold until next() or the end.
class Rows {
 public:
  explicit Rows(std::unique_ptr<detail::Cursor> cursor);
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  bool next();
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  Time time(int column) const { return from_microseconds(integer(column)); }
  bool boolean(int column) const { return integer(column) != 0; }
  std::string string(int column) const { return std::string(text(column)); }

 private:
  std::unique_ptr<detail::Cursor> cursor_;
};

class Reader {
 public:
  Reader(detail::Connection& connection, Time now) : connection_{connection}, now_{now} {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  // The time of this snapshot or change: one value, however long it takes.
  Time now() const { return now_; }

  // Rows of a SELECT (or of an INSERT/UPDATE/DELETE … RETURNING in a Transaction); `?` are bound in order.
  template <class... Values>
  Rows query(std::string_view sql, const Values&... values) {
    const Value bound[] = {bind(values)..., Value{nullptr}};
    return run_query(sql, bound, sizeof...(values));
  }
  // The same with values counted at run time.
  Rows query_with(std::string_view sql, const std::vector<Value>& values) {
    return run_query(sql, values.data(), values.size());
  }

  // The first column of the first row as a whole number; `otherwise` where there is no row or a NULL.
  template <class... Values>
  std::int64_t integer(std::string_view sql, std::int64_t otherwise, const Values&... values) {
    Rows rows = query(sql, values...);
    return rows.next() && !rows.is_null(0) ? rows.integer(0) : otherwise;
  }
  template <class... Values>
  bool exists(std::string_view sql, const Values&... values) {
    return query(sql, values...).next();
  }

  // The sticky failure, if a statement failed.
  const std::optional<Error>& failure() const;

 protected:
  Rows run_query(std::string_view sql, const Value* values, std::size_t count);

  detail::Connection& connection_;
  Time now_;
};

// What a change may do. It may be run again or rolled back, so it has no other effect than what it writes here.
class Transaction : public Reader {
 public:
  Transaction(detail::Connection& connection, Time now, Random& random);
  ~Transaction() override;

  // Runs INSERT, UPDATE or DELETE; returns the number of rows changed.
  template <class... Values>
  std::int64_t execute(std::string_view sql, const Values&... values) {
    const Value bound[] = {bind(values)..., Value{nullptr}};
    return run_execute(sql, bound, sizeof...(values));
  }

  // Runs `part` so that it fails alone: if it returns an error, writes what the tables do not take, or libraries that
  // it calls throw, then what it wrote is rolled back and what was written before stays. `part` is called as
  // Result<T>(); so is the result.
  template <class F>
  auto attempt(F part) -> std::invoke_result_t<F> {
    const Mark mark = begin_part();
    auto result = guarded(part);
    if (auto refused = take_refusal()) result = std::unexpected(std::move(*refused));
    end_part(mark, result.has_value());
    return result;
  }

  // Wakes those who wait for `key` (a long poll, say), after the commit.
  void signal(std::string key) { signals_.push_back(std::move(key)); }
  // Runs after the commit, on the committer's thread; never runs if the change is rolled back.
  void on_commit(std::move_only_function<void()> then) { after_commit_.push_back(std::move(then)); }

  Random& random() { return random_; }

 private:
  friend class Committer;
  friend class Outbox;
  struct Mark {
    std::size_t signals, after_commit, pending;
  };
  Mark begin_part();
  void end_part(Mark mark, bool keep);
  // The failure that is of values, no longer sticky; nothing if there is none.
  std::optional<Error> take_refusal();
  // One poisonous delivery must not end the process, and again at each start. Out of memory does.
  template <class F>
  static auto guarded(F& part) -> std::invoke_result_t<F> {
    try {
      return part();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& thrown) {
      return fail(ErrorCode::corrupt, std::string("it failed inside: ") + thrown.what(), "InternalFailure");
    }
  }
  std::int64_t run_execute(std::string_view sql, const Value* values, std::size_t count);

  Random& random_;
  std::vector<std::string> signals_;
  std::vector<std::move_only_function<void()>> after_commit_;
  std::unique_ptr<Pending> pending_;  // the outbox's
};

}  // namespace tocsin::store
