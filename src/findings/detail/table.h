// Reading and writing the findings' tables. Inside this folder only.
#pragma once

#include <optional>
#include <string>

#include "findings/detail/columns.h"
#include "store/transaction.h"

namespace tocsin::findings::detail {

enum class Source { import = 0, update = 1 };
std::string_view to_string(Source source);  // "BATCH_IMPORT_FINDINGS", "BATCH_UPDATE_FINDINGS"

// A finding's row and, when asked for, its JSON.
class Stored {
 public:
  static std::optional<Stored> find(store::Reader& reader, std::string_view key);

  std::int64_t seq = 0;
  std::int64_t updated_at = 0;
  int state = 0;
  std::int64_t generator = 0, resource = 0;  // as in Columns

  // Error: corrupt.
  Result<std::string> text(store::Reader& reader) const;
  Result<json::object> document(store::Reader& reader, json::storage_ptr storage = {}) const;
};

// The JSON of the finding with this number; nothing where it has gone. Error: corrupt.
Result<std::optional<std::string>> text_of(store::Reader& reader, std::int64_t seq);

// Writes findings in one transaction on behalf of one actor.
class Writer {
 public:
  Writer(store::Transaction& transaction, std::string_view actor_arn);

  // False: there is a finding with this key; nothing is written. `body` is compressed JSON.
  bool insert(const Columns& columns, std::string_view body);
  void replace(const Stored& stored, const Columns& columns, std::string_view body);
  // Puts the findings that are in no index yet into the indexes, if there are at least `fresh_max` of them.
  void index_many(std::int64_t fresh_max);
  // Adds to a finding's history. Values longer than history_value_bytes_max are left out, as AWS leaves out what is too
  // large to keep.
  void add_history(std::int64_t seq, Source source, json::array changes);

 private:
  void add_terms(std::int64_t seq, const Columns& columns, bool is_indexed);

  store::Transaction& transaction_;
  std::int64_t actor_;
  std::int64_t next_seq_;
};

inline constexpr std::size_t history_value_bytes_max = 4096;

}  // namespace tocsin::findings::detail
