// Cases that say whether a definition is right.
#include <fmt/format.h>

#include "simulation/case_parts.h"
#include "simulation/difference.h"

namespace tocsin::simulation {
namespace {

json::value to_document(const std::vector<asl::Diagnostic>& diagnostics) {
  json::array list;
  for (const auto& diagnostic : diagnostics)
    list.push_back({{"code", diagnostic.code},
                    {"location", diagnostic.location ? json::value(*diagnostic.location) : json::value()},
                    {"message", diagnostic.message},
                    {"severity", diagnostic.severity == asl::Severity::error ? "ERROR" : "WARNING"}});
  return list;
}

}  // namespace

CaseResult run_definition_case(json::object& described) {
  CaseResult result;
  auto parsed = parse_case(described);
  const bool wanted = bool_at(described, "valid");
  const bool valid = parsed.definition != nullptr;
  const auto message = asl::to_message(parsed.diagnostics);
  const auto expected = string_at(described, "message");
  const bool same_message = message.find(expected) != message.npos;
  if (!valid && asl::refuses_jsonata(message) && (expected.empty() || !same_message)) {
    result.unusable = std::string(jsonata_message);
    return result;
  }
  auto& notes = result.notes;
  if (valid && !wanted) notes.emplace_back("the definition is good, and must not be");
  if (!valid && wanted) notes.push_back(message);
  if (!wanted && !same_message) notes.push_back(fmt::format("message: expected {}, was {}", expected, message));
  if (const auto* diagnostics = described.if_contains("diagnostics"))
    for (auto& line : differences(*diagnostics, to_document(parsed.diagnostics), "diagnostics"))
      notes.push_back(std::move(line));
  result.passed = notes.empty();
  result.definition = std::move(parsed.definition);
  return result;
}

}  // namespace tocsin::simulation
