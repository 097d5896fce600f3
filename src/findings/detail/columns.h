// What is kept of a finding beside its JSON, to find it by. Inside this folder only.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asff/asff.h"
#include "core/json.h"

namespace tocsin::findings::detail {

// Names are in alphabetical order, so that codes sort as names do.
inline constexpr std::array<std::string_view, 5> labels{"CRITICAL", "HIGH", "INFORMATIONAL", "LOW", "MEDIUM"};
inline constexpr std::array<std::string_view, 4> workflows{"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"};
inline constexpr std::array<std::string_view, 2> record_states{"ACTIVE", "ARCHIVED"};
inline constexpr std::array<std::string_view, 5> compliances{"", "FAILED", "NOT_AVAILABLE", "PASSED", "WARNING"};

inline constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();

// The index of `name`, or nothing.
template <std::size_t n>
std::optional<int> code_of(const std::array<std::string_view, n>& names, std::string_view name) {
  for (std::size_t i = 0; i < n; ++i)
    if (names[i] == name) return static_cast<int>(i);
  return std::nullopt;
}

// Workflow status, record state and severity label in one number: the index that most searches and all counts use.
constexpr int state_of(int label, int workflow, int record) {
  return (workflow * 2 + record) * 5 + label;
}
inline constexpr int states = 40;
constexpr int label_of(std::int64_t state) {
  return static_cast<int>(state % 5);
}
constexpr int record_of(std::int64_t state) {
  return static_cast<int>(state / 5 % 2);
}
constexpr int workflow_of(std::int64_t state) {
  return static_cast<int>(state / 10);
}

// Texts are kept as 64-bit numbers (FNV-1a): equal texts have equal numbers; a chance hit costs a look at the finding
// and no more, as every finding is matched whole before it is given out.
std::int64_t text_number(std::string_view text);
// The same for one of a list's texts, which stand together in one table.
std::int64_t term_number(std::string_view field, std::string_view text);

// 24 bytes: 16 of the SHA-256 of the Id, then 8 of that of the ProductArn. One index finds a finding by both and by its
// Id alone.
std::string store_key(const asff::FindingKey& key);
std::string store_key_begin(std::string_view id);
// The first key behind all those that begin with `begin`.
std::string store_key_end(std::string_view begin);

struct Columns {
  std::string key;
  int label = 0;
  int workflow = 0;
  int record = 0;
  int compliance = 0;
  std::int64_t severity = 0;  // normalized, 0 to 100
  std::int64_t updated_at = 0;
  std::int64_t created_at = 0;
  std::int64_t observed_at = no_time;  // LastObservedAt
  std::int64_t account = 0;
  std::int64_t product = 0;
  std::int64_t generator = 0;
  std::int64_t type = 0;                 // the first one
  std::int64_t resource = 0;             // the first one's Id
  std::vector<std::int64_t> more_terms;  // of the types and resources behind the first, distinct, in order

  int state() const { return state_of(label, workflow, record); }
};

// Of a finding as asff::merge_import or asff::Update made it.
Columns columns_of(const json::object& finding);

}  // namespace tocsin::findings::detail
