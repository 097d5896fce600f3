// The parts that cases of all kinds are made of. Private to the room.
#pragma once

#include <string_view>
#include <vector>

#include "core/json.h"
#include "simulation/cases.h"

namespace tocsin::simulation {

inline constexpr std::string_view jsonata_message =
    "the definition is in JSONata, which is not supported: nothing can be said of it";

// Which kind of case it is. Error: validation, saying which member is wrong: one that is not known, has the wrong type
// or a value that there is none of, or a kind of case that is not supported.
Result<CaseKind> check_form(const json::object& described);

// The definition of a case, read. Where resources are no ARNs, and the case says so ("resource_not_arn") or mocks them
// under that name, ARNs stand for them: in the mocks too, which `described` has then.
asl::Parsed parse_case(json::object& described);
// The text of the definition, with those ARNs.
std::string definition_text(json::object& described);
asl::Kind kind_of(const json::object& described);

// The place of a JSON pointer, or null.
json::value* place_of(json::value& document, std::string_view pointer);

CaseResult run_execution_case(json::object& described, const SimulationOptions& options);
CaseResult run_definition_case(json::object& described);
CaseResult run_state_case(json::object& described, const SimulationOptions& options);

}  // namespace tocsin::simulation
