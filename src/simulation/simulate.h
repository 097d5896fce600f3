// simulate(): runs a definition to its end on a virtual clock, with mocked task answers: a wait of thirty days takes no
// time. Pure; for tests of playbooks, `tocsin workflow run` and the conformance cases.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asl/asl.h"

namespace tocsin::simulation {

// One answer to one call of a resource.
struct MockedAnswer {
  std::optional<json::value> args = {};  // the call's payload must be this; none: any payload
  std::optional<json::value> result = {};
  std::string error = {}, cause = {};  // where there is no result
  bool never = false;                  // the task never answers: a timeout has to end it
};

// Resource, as written in the definition → its answers, each used once. A call takes the first unused answer whose args
// equal its payload; else the first unused one without args; else, where the machine has no Parallel and no Map, the
// first unused one, and the mismatch is noted as a problem.
class Mocks {
 public:
  // {"<resource>": [{"return": …} | {"error": …, "cause": …} | {"never": true} | {"return_repeat": {"char", "count"}},
  // each with an optional "args"]}. Error: validation, with the path of what is wrong.
  static Result<Mocks> parse(const json::object& mocks);

  void add(std::string resource, MockedAnswer answer);
  // Null where nothing is left for this call.
  const MockedAnswer* take(const std::string& resource, const json::value& payload, bool any_order,
                           std::string& problem);
  // Resources of whose answers not all were taken.
  struct Leftover {
    std::string resource;
    std::size_t used = 0, answers = 0;
  };
  std::vector<Leftover> leftovers() const;

 private:
  struct Entry {
    MockedAnswer answer;
    bool used = false;
  };
  std::map<std::string, std::vector<Entry>, std::less<>> entries_;
};

// "3 of the 5 mocked answers of X were never asked for".
std::string to_text(const Mocks::Leftover& leftover);

struct SimulationOptions {
  asl::ContextInfo context = {};                          // empty names get plausible values
  Time start = from_microseconds(1'577'836'800'000'000);  // 2020-01-01T00:00:00Z
  std::uint64_t seed = 1;
  std::size_t steps_max = 1'000'000;
  // An express machine that loops without waiting has no end on a clock that stands still: past this many events it is
  // given up.
  std::size_t events_max = 200'000;
  // Between any two steps the execution is written as text and read again, as it is where a process dies and another
  // goes on.
  bool store_between_steps = false;
  // After each step happenings come that the execution does not wait for; they must change nothing.
  bool send_late_answers = false;
};

struct Simulation {
  asl::Status status = asl::Status::running;  // still running: see `problem`
  json::value output;
  std::optional<std::string> error, cause;
  std::vector<asl::HistoryEvent> history;
  Microseconds elapsed{};
  std::vector<Microseconds> retry_delays;  // in the order in which they were set
  asl::Execution execution;                // as it ended
  // Why the run says nothing about the definition: a call without a mock, a payload that was not the expected one, or a
  // wait for something that will never come. Empty: none.
  std::string problem;
  std::vector<Mocks::Leftover> leftovers;
};

Simulation simulate(const asl::Definition& definition, json::value input, Mocks mocks,
                    const SimulationOptions& options = {});

}  // namespace tocsin::simulation
