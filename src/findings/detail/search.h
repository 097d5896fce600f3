// What part of GetFindings' Filters the columns can answer, as SQL. Every finding that is found so is matched whole
// afterwards, so conditions may let too much through, never too little. Inside this folder only.
#pragma once

#include <string>
#include <vector>

#include "asff/filter.h"
#include "store/transaction.h"

namespace tocsin::findings::detail {

// SQL with its values. Text values are owned.
class Sql {
 public:
  Sql& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  Sql& operator<<(std::int64_t number) {
    text_ += '?';
    values_.emplace_back(number);
    return *this;
  }
  Sql& add_bytes(std::string bytes) {
    text_ += '?';
    values_.emplace_back(std::move(bytes));
    return *this;
  }
  Sql& add(const Sql& other) {
    text_ += other.text_;
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
    return *this;
  }
  bool empty() const { return text_.empty(); }
  // The Sql must outlive the rows' first next().
  store::Rows run(store::Reader& reader) const;

 private:
  std::string text_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

// A condition on the leading index.
struct Arm : Sql {
  // False: on a range of it, whose rows must be sorted. SQLite must be told so, or it takes the order of arrival for
  // the better index and looks through all findings for the few that are in the range.
  bool is_one_value = true;
};

// A search laid out: which index leads, and what is checked beside it. The table `finding` is `f` in all SQL.
struct Search {
  // Each arm is a condition on one value of the leading index (or the one empty condition: every row). Arms may overlap
  // in findings, and together hold all that can match.
  std::vector<Arm> arms;
  // " AND …" for the other columns, written so that no index is chosen for them; may be empty.
  Sql checks;
  bool is_led = false;   // false: the one empty condition
  bool nothing = false;  // the filters exclude each other
};

// `filters`: the document that `filter` was compiled from.
Search plan(store::Reader& reader, const asff::Filter& filter, const json::object& filters);

}  // namespace tocsin::findings::detail
