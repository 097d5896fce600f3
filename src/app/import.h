// Brings findings of a file into a running server, in batches, and says of each refused one why.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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
  std::vector<Refusal> refusals;  // the first `refusals_max`
  // What of the input was taken or refused: "ASFF finding" 12, "GuardDuty finding" 3; "unknown" is no finding at all.
  std::vector<std::pair<std::string, std::uint64_t>> forms;
  int percent = -1;  // of the input that is read; -1: not known (standard input)
  // Why it ended before the input did; nothing: it was read and sent to its end.
  struct Interruption {
    Error error;
    std::uint64_t waiting = 0;    // findings that were read and got no answer; they may be in or not
    std::uint64_t from_line = 0;  // where the first of them begins; 0: nothing waited
  };
  std::optional<Interruption> interrupted;
};

inline constexpr std::size_t refusals_max = 10'000;

// Whether there is a file that can be read at `path` ("-": yes). Error: not_found, with the reason.
Result<void> check_input(const std::string& path);

// `path` names a file (plain or gzip), or "-" for standard input. `progress`, if given, is called after each batch.
// What was taken before an interruption stays taken.
ImportReport import_file(Client& client, const std::string& path, const Identity& hub,
                         const std::function<void(const ImportReport&)>& progress = {});

// For people and for machines.
std::string to_text(const ImportReport& report, std::size_t refusals_shown);
json::object to_document(const ImportReport& report);

}  // namespace tocsin::app
