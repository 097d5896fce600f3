// Reading a definition: fields of one JSON object with their checks, and the diagnostics that come of it. Private to
// the room.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "asl/definition.h"

namespace tocsin::asl {

inline constexpr std::string_view schema_failed = "SCHEMA_VALIDATION_FAILED";
inline constexpr std::string_view jsonata_refused = "The QueryLanguage 'JSONata' is not supported";
inline constexpr std::string_view missing_target = "MISSING_TRANSITION_TARGET";

class Report {
 public:
  void error(std::string_view code, std::string message, std::optional<std::string> location);
  void schema(std::string message, std::string location) {
    error(schema_failed, std::move(message), std::move(location));
  }
  void warning(std::string_view code, std::string message, std::string location);
  bool failed() const { return failed_; }
  std::vector<Diagnostic> take() { return std::move(diagnostics_); }

 private:
  std::vector<Diagnostic> diagnostics_;
  bool failed_ = false;
};

struct Range {
  double min, max;
  bool whole = true;
};

// One object of the definition. Each take_… names a field, checks its type, and reports what is wrong; absent fields
// give nothing. Fields that nobody took are reported by refuse_others().
class Reader {
 public:
  Reader(const json::object& object, std::string location, Report& report)
      : object_(object), location_(std::move(location)), report_(report) {}

  const std::string& location() const { return location_; }
  std::string below(std::string_view field) const { return location_ + "/" + std::string(field); }
  Report& report() { return report_; }
  bool has(std::string_view field) const { return object_.contains(field); }
  const json::value* take(std::string_view field);

  std::optional<std::string> take_string(std::string_view field, bool may_be_empty = false);
  std::optional<bool> take_bool(std::string_view field);
  std::optional<double> take_number(std::string_view field, Range range);
  const json::object* take_object(std::string_view field);
  const json::array* take_array(std::string_view field);
  std::optional<PathExpression> take_path(std::string_view field);
  // "X" or "XPath", not both.
  NumberField take_number_or_path(std::string_view field, Range range);
  PathField take_path_or_null(std::string_view field);
  ResultPath take_result_path(std::string_view field);
  std::optional<Template> take_template(std::string_view field);
  std::optional<Template> take_assign();
  std::optional<std::vector<std::string>> take_errors();

  std::optional<PathExpression> parse_path_value(const json::value& value, std::string_view field);
  void wrong(std::string_view field, std::string message) { report_.schema(std::move(message), below(field)); }
  void missing(std::initializer_list<std::string_view> fields);
  // Reports one "only one of" message if both are there.
  void exclude(std::string_view one, std::string_view other);
  void refuse_others();

 private:
  const json::object& object_;
  std::string location_;
  Report& report_;
  std::vector<std::string_view> taken_;
  std::vector<std::string> owned_;  // taken too; names that were put together here
};

// A payload template; expressions that are wrong are reported at `location`.
Template read_template(const json::value& value, const std::string& location, Report& report);
std::vector<Rule> read_rules(Reader& state);

enum class QueryLanguage { json_path, jsonata };
// A container's StartAt and States, recursively. Reports everything wrong below it.
Machine read_machine(Reader& reader, QueryLanguage language, Kind kind, int depth);
std::vector<Retrier> read_retriers(Reader& state);
std::vector<Catcher> read_catchers(Reader& state, QueryLanguage language);
TaskFields read_task(Reader& state, Kind kind);
MapFields read_map(Reader& state, QueryLanguage language, Kind kind, int depth);

// A machine of one state, whose targets need not exist: for TestState. Error: as compile().
Result<DefinitionPtr> compile_single_state(const json::object& state, std::string_view name);

// Targets exist, every state is reached, an end exists, names are unique: what can only be seen as a whole.
void check_graph(const Machine& machine, const std::string& location, Report& report);
void check_names(const Machine& machine, const std::string& location, std::set<std::string_view>& seen, Report& report);

}  // namespace tocsin::asl
