// What a case must look like: a member that nothing reads would check nothing, and nobody would know.
#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "simulation/case_parts.h"

namespace tocsin::simulation {
namespace {

enum class Form { any, text, truth, number, object, list, pointers, numbers };

struct Member {
  std::string_view name;
  Form form = Form::any;
};

// Of every case: its name, what is run, and notes that check nothing.
constexpr Member common[] = {{"name", Form::text},
                             {"definition"},
                             {"definition_text", Form::text},
                             {"definition_file", Form::text},
                             {"parameters", Form::object},
                             {"type", Form::text},
                             {"resource_not_arn", Form::truth},
                             {"comment"},
                             {"truth"},
                             {"source"},
                             {"why"}};
constexpr Member of_executions[] = {{"input"},
                                    {"mocks", Form::object},
                                    {"status", Form::text},
                                    {"output"},
                                    {"error"},
                                    {"cause"},
                                    {"must_not_succeed", Form::truth},
                                    {"ignore", Form::pointers},
                                    {"history", Form::list},
                                    {"history_unordered", Form::truth},
                                    {"expect_delays", Form::numbers},
                                    {"delays_are_upper_bounds", Form::truth},
                                    {"expect_elapsed", Form::number},
                                    {"nondeterministic", Form::truth},
                                    {"context", Form::object},
                                    {"timing", Form::truth}};
constexpr Member of_definitions[] = {{"valid", Form::truth},      {"invalid", Form::truth}, {"message", Form::text},
                                     {"diagnostics", Form::list}, {"linter_message"},       {"statelint_message"}};
constexpr Member of_states[] = {{"input"},
                                {"stateName", Form::text},
                                {"context", Form::object},
                                {"variables", Form::object},
                                {"mock", Form::object},
                                {"stateConfiguration", Form::object},
                                {"inspectionLevel", Form::text},
                                {"expect", Form::object},
                                {"ignore", Form::pointers}};
constexpr Member of_mock[] = {
    {"result", Form::text}, {"errorOutput", Form::object}, {"fieldValidationMode", Form::text}};
constexpr Member of_configuration[] = {{"retrierRetryCount", Form::number},
                                       {"mapIterationFailureCount", Form::number},
                                       {"errorCausedByState", Form::text},
                                       {"mapItemReaderData", Form::text}};
constexpr Member of_expectation[] = {{"status", Form::text},          {"output"}, {"error"}, {"cause"}, {"nextState"},
                                     {"inspectionData", Form::object}};

constexpr std::array execution_statuses{"SUCCEEDED", "FAILED", "TIMED_OUT"};
constexpr std::array test_statuses{"SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"};

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::validation, std::move(message));
}

bool has_form(const json::value& value, Form form) {
  const auto all = [&](auto test) { return value.is_array() && std::ranges::all_of(value.get_array(), test); };
  switch (form) {
    case Form::any:
      return true;
    case Form::text:
      return value.is_string();
    case Form::truth:
      return value.is_bool();
    case Form::number:
      return value.is_number();
    case Form::object:
      return value.is_object();
    case Form::list:
      return value.is_array();
    case Form::pointers:
      return all([](const json::value& v) { return v.is_string() && v.get_string().starts_with('/'); });
    case Form::numbers:
      return all([](const json::value& v) { return v.is_number(); });
  }
  return false;
}

std::string_view form_name(Form form) {
  constexpr std::string_view names[] = {
      "any value",          "a text", "true or false", "a number", "an object", "an array", "an array of JSON pointers",
      "an array of numbers"};
  return names[static_cast<std::size_t>(form)];
}

// Letters to put in, take out or change, by rows; names are short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

Result<void> check_members(const json::object& object, std::span<const std::span<const Member>> tables,
                           std::string_view prefix = {}) {
  for (const auto& [key, value] : object) {
    const std::string_view name = key;
    if (name.starts_with("x-")) continue;  // notes of the case's owner
    const Member* found = nullptr;
    std::string_view nearest;
    std::size_t least = 3;
    for (const auto& table : tables)
      for (const auto& member : table) {
        if (member.name == name) found = &member;
        if (const auto d = name.size() < 60 ? distance(name, member.name) : least; d < least)
          least = d, nearest = member.name;
      }
    if (!found)
      return wrong(fmt::format("there is no member '{}{}' in such a case{}", prefix, name,
                               nearest.empty() ? std::string("; notes of your own begin with 'x-'")
                                               : fmt::format("; '{}{}' is meant?", prefix, nearest)));
    if (!has_form(value, found->form))
      return wrong(fmt::format("the member '{}{}' must be {}", prefix, name, form_name(found->form)));
  }
  return {};
}

Result<void> check_part(const json::object& described, std::string_view name, std::span<const Member> members) {
  const auto* part = described.if_contains(name);
  if (!part) return {};
  const std::span<const Member> tables[] = {members};
  return check_members(part->get_object(), tables, std::string(name) + ".");
}

template <std::size_t N>
Result<void> check_status(std::string_view name, std::string_view status, const std::array<const char*, N>& known) {
  if (std::ranges::find(known, status) != known.end()) return {};
  return wrong(fmt::format("the member '{}' must be one of {}, not '{}'", name, fmt::join(known, ", "), status));
}

Result<void> check_execution(const json::object& described) {
  if (described.contains("status")) return check_status("status", string_at(described, "status"), execution_statuses);
  if (bool_at(described, "must_not_succeed")) return {};
  return wrong(
      "the case does not say what must come of it: 'status' (SUCCEEDED, FAILED or TIMED_OUT) or 'must_not_succeed', "
      "'valid' or 'invalid' for a definition, 'expect' for a test of one state");
}

Result<void> check_state(const json::object& described) {
  if (auto part = check_part(described, "mock", of_mock); !part) return part;
  if (auto part = check_part(described, "stateConfiguration", of_configuration); !part) return part;
  if (auto part = check_part(described, "expect", of_expectation); !part) return part;
  if (const auto level = string_at(described, "inspectionLevel", "INFO");
      level != "INFO" && level != "DEBUG" && level != "TRACE")
    return wrong(fmt::format("the member 'inspectionLevel' must be INFO, DEBUG or TRACE, not '{}'", level));
  if (const auto* mock = described.if_contains("mock");
      mock && mock->get_object().contains("result") == mock->get_object().contains("errorOutput"))
    return wrong("the member 'mock' must have either 'result' or 'errorOutput'");
  return check_status("expect.status", string_at(described, "expect.status"), test_statuses);
}

Result<void> check_definition(const json::object& described) {
  if (bool_at(described, "valid") != bool_at(described, "invalid")) return {};
  return wrong("of 'valid' and 'invalid' one must be true");
}

CaseKind kind_by_members(const json::object& described) {
  if (described.contains("expect")) return CaseKind::state;
  if (described.contains("valid") || described.contains("invalid")) return CaseKind::definition;
  return CaseKind::execution;
}

}  // namespace

Result<CaseKind> check_form(const json::object& described) {
  if (described.contains("expr"))
    return wrong("this is a case of a JSONata expression ('expr'), and JSONata is not supported");
  const auto kind = kind_by_members(described);
  const std::span<const Member> own = kind == CaseKind::execution    ? std::span<const Member>(of_executions)
                                      : kind == CaseKind::definition ? std::span<const Member>(of_definitions)
                                                                     : std::span<const Member>(of_states);
  const std::span<const Member> tables[] = {common, own};
  if (auto members = check_members(described, tables); !members) return pass_on(members);
  if (!described.contains("definition") && !described.contains("definition_text"))
    return wrong("the case has no 'definition'");
  if (const auto type = string_at(described, "type", "STANDARD"); type != "STANDARD" && type != "EXPRESS")
    return wrong(fmt::format("the member 'type' must be STANDARD or EXPRESS, not '{}'", type));
  auto checked = kind == CaseKind::execution    ? check_execution(described)
                 : kind == CaseKind::definition ? check_definition(described)
                                                : check_state(described);
  if (!checked) return pass_on(checked);
  return kind;
}

}  // namespace tocsin::simulation
