#include "queues/detail/batch.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace tocsin::queues {
namespace {

constexpr std::size_t entries_max = 10;
constexpr std::size_t id_bytes_max = 80;

const json::array* entries_of(const json::object& input) {
  const auto* value = input.if_contains("Entries");
  return value ? value->if_array() : nullptr;
}

bool is_entry_id(std::string_view id) {
  return !id.empty() && id.size() <= id_bytes_max && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Result<void> check_batch(const json::object& input, std::string_view entry_type) {
  const auto* entries = entries_of(input);
  if (!entries || entries->empty())
    return fail(ErrorCode::validation, fmt::format("There should be at least one {} in the request.", entry_type),
                "EmptyBatchRequest");
  if (entries->size() > entries_max)
    return fail(
        ErrorCode::validation,
        fmt::format("Maximum number of entries per request are {}. You have sent {}.", entries_max, entries->size()),
        "TooManyEntriesInBatchRequest");
  std::set<std::string_view> ids;
  for (const auto& value : *entries) {
    const auto* entry = value.if_object();
    const std::string_view id = entry ? string_at(*entry, "Id") : std::string_view{};
    if (!is_entry_id(id))
      return fail(
          ErrorCode::validation,
          "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
          "letters long.",
          "InvalidBatchEntryId");
    if (!ids.insert(id).second)
      return fail(ErrorCode::validation, fmt::format("Id {} repeated.", id), "BatchEntryIdsNotDistinct");
  }
  return {};
}

json::object failed_entry(std::string_view id, const Error& error) {
  std::string code = error.aws_code.empty() ? "InternalError" : error.aws_code;
  // Within batches the codes are those of the query protocol.
  if (code == "MessageNotInflight" || code == "UnsupportedOperation") code = "AWS.SimpleQueueService." + code;
  return {{"Id", id}, {"SenderFault", error.code == ErrorCode::validation}, {"Code", code}, {"Message", error.message}};
}

json::object run_batch(const json::object& input, const std::function<Result<json::object>(const json::object&)>& one) {
  json::array successful, failed;
  for (const auto& value : *entries_of(input)) {
    const auto& entry = value.get_object();
    const auto id = string_at(entry, "Id");
    if (auto done = one(entry)) {
      done->insert_or_assign("Id", id);
      successful.push_back(std::move(*done));
    } else {
      failed.push_back(failed_entry(id, done.error()));
    }
  }
  return {{"Successful", std::move(successful)}, {"Failed", std::move(failed)}};
}

}  // namespace tocsin::queues
