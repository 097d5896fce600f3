// Brings findings of a file into a running server, in batches, and says of each refused one why.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/client.h"
#include "core/identity.h"

namespace tocsin::app {

struct Refusal {
  std::uint64_t line = 0;  // where the element begins in the input
  std::string id;          // of the finding, where it names one
  std::string reason;
};

struct ImportReport {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  std::uint64_t bytes = 0;
  std::vector<Refusal> refusals;                             // the first `refusals_max`
  std::vector<std::pair<std::string, std::uint64_t>> forms;  // what the input held: "asff" 12, "guardduty" 3
};

inline constexpr std::size_t refusals_max = 10'000;

// `path` names a file (plain or gzip), or "-" for standard input. `progress`, if given, is called after each batch.
// Error: the file cannot be read, or the server cannot be reached; what was taken until then stays taken.
Result<ImportReport> import_file(Client& client, const std::string& path, const Identity& hub,
                                 const std::function<void(const ImportReport&)>& progress = {});

// For people and for machines.
std::string to_text(const ImportReport& report, std::size_t refusals_shown);
json::object to_document(const ImportReport& report);

}  // namespace tocsin::app
