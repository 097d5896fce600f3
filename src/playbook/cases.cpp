#include "simulation/cases.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "playbook/options.h"
#include "playbook/playbook.h"
#include "playbook/report.h"
#include "playbook/source.h"

namespace tocsin::playbook {
namespace {

enum class Verdict { passed, failed, error };

struct Judged {
  std::string file;
  std::size_t line = 0;
  simulation::CaseResult result;

  Verdict verdict() const {
    if (result.unusable) return Verdict::error;
    const bool right = result.passed && result.cause.value_or(true) && result.history.value_or(true);
    return right ? Verdict::passed : Verdict::failed;
  }
  // What is wrong, line by line.
  std::vector<std::string> notes() const { return result.unusable ? std::vector{*result.unusable} : result.notes; }
};

struct Tally {
  std::size_t total = 0, failed = 0, errors = 0;
  std::size_t passed() const { return total - failed - errors; }

  void add(const std::vector<Judged>& cases) {
    total += cases.size();
    for (const auto& judged : cases) {
      failed += judged.verdict() == Verdict::failed;
      errors += judged.verdict() == Verdict::error;
    }
  }
};

struct Suite {
  std::string file;
  std::vector<Judged> cases;
  std::vector<std::string> warnings;
};

// "definition_file" becomes "definition_text"; mocks may name resources by their placeholders.
Result<void> load_definition(json::object& described, const std::string& case_file,
                             std::map<std::string, Source>& known) {
  const auto* named = described.if_contains("definition_file");
  if (!named) return {};
  if (!named->is_string()) return fail(ErrorCode::validation, "definition_file must be the name of a file");
  std::string path{std::string_view(named->get_string())};
  const auto slash = case_file.rfind('/');
  if (!path.starts_with('/') && slash != case_file.npos) path = case_file.substr(0, slash + 1) + path;
  SourceOptions options;
  if (const auto* given = described.if_contains("parameters"); given && given->is_object())
    for (const auto& [name, value] : given->get_object())
      options.parameters[std::string(name)] =
          value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
  if (string_at(described, "type") == "EXPRESS") options.kind = asl::Kind::express;
  const auto key = path + "\n" + (described.contains("parameters") ? to_json(described.at("parameters")) : "") +
                   (options.kind ? "\nEXPRESS" : "");
  auto found = known.find(key);
  if (found == known.end()) {
    auto source = read_source(path, "", options);
    if (!source) return pass_on(source);
    found = known.emplace(key, std::move(*source)).first;
  }
  const auto& source = found->second;
  described["definition_text"] = source.text;
  if (source.kind == asl::Kind::express) described["type"] = "EXPRESS";
  if (const auto* mocks = described.if_contains("mocks"); mocks && mocks->is_object())
    described["mocks"] = with_resources(mocks->get_object(), source);
  return {};
}

simulation::CaseResult unusable_case(std::string name, std::string why) {
  simulation::CaseResult result;
  result.name = std::move(name);
  result.unusable = std::move(why);
  return result;
}

simulation::CaseResult run_line(std::string_view text, std::size_t line, Suite& suite,
                                std::map<std::string, Source>& known, const std::string& filter, bool& skipped) {
  auto described = parse_json_object(text);
  if (!described) {
    skipped = !filter.empty();
    return unusable_case(fmt::format("line {}", line), described.error().message);
  }
  const auto name = std::string(string_at(*described, "name", fmt::format("line {}", line)));
  skipped = name.find(filter) == name.npos;
  if (skipped) return {};
  if (auto loaded = load_definition(*described, suite.file, known); !loaded)
    return unusable_case(name, loaded.error().message);
  auto result = simulation::run_case(*described);
  result.name = name;
  for (const auto& warning : result.warnings)
    suite.warnings.push_back(
        fmt::format("{}:{}: warning: {}: {}", suite.file, line, printable(name), printable(warning)));
  return result;
}

Suite run_suite(const std::string& file, const std::string& text, const TestOptions& options) {
  Suite suite{.file = file, .cases = {}, .warnings = {}};
  std::map<std::string, Source> known;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    bool skipped = false;
    Judged judged{file, number, run_line(line, number, suite, known, options.filter, skipped)};
    if (skipped) continue;
    // What is shown of a case that is right is its name.
    if (judged.verdict() == Verdict::passed || !options.show_path) judged.result.run = {};
    suite.cases.push_back(std::move(judged));
  }
  return suite;
}

void print_failure(const Judged& judged, const TestOptions& options, std::ostream& out) {
  const bool is_error = judged.verdict() == Verdict::error;
  out << toned(Tone::wrong, is_error ? "ERROR" : "FAILED", options.colour) << " " << printable(judged.result.name)
      << "  " << toned(Tone::faint, fmt::format("{}:{}", judged.file, judged.line), options.colour) << "\n";
  for (const auto& note : judged.notes()) {
    const bool minus = note.starts_with("  - "), plus = note.starts_with("  + ");
    out << "  "
        << toned(minus  ? Tone::right
                 : plus ? Tone::wrong
                        : Tone::plain,
                 printable(note), options.colour)
        << "\n";
  }
  if (options.show_path && judged.result.definition && !judged.result.run.history.empty()) {
    out << "  the path taken:\n";
    const auto start = judged.result.run.history.empty() ? Time() : judged.result.run.history.front().timestamp;
    for (const auto& line : path_taken(judged.result.definition, judged.result.run, start, {.colour = options.colour}))
      out << "  " << line << "\n";
  }
}

std::string xml(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void print_junit(const Judged& judged, std::ostream& out) {
  out << fmt::format(R"(    <testcase name="{}" classname="{}" file="{}" line="{}")", xml(judged.result.name),
                     xml(judged.file), xml(judged.file), judged.line);
  const auto verdict = judged.verdict();
  if (verdict == Verdict::passed) {
    out << "/>\n";
    return;
  }
  const auto* element = verdict == Verdict::error ? "error" : "failure";
  const auto notes = judged.notes();
  out << fmt::format(">\n      <{} message=\"{}\">", element, xml(notes.empty() ? "failed" : notes.front()));
  for (const auto& note : notes) out << xml(note) << "\n";
  out << fmt::format("</{}>\n    </testcase>\n", element);
}

// The form that CI systems read (testsuites, testsuite, testcase, failure, error).
void print_junit(const std::vector<Suite>& suites, const Tally& all, std::ostream& out) {
  out << R"(<?xml version="1.0" encoding="UTF-8"?>)" << "\n"
      << fmt::format(R"(<testsuites name="tocsin workflow test" tests="{}" failures="{}" errors="{}">)", all.total,
                     all.failed, all.errors)
      << "\n";
  for (const auto& suite : suites) {
    Tally tally;
    tally.add(suite.cases);
    out << fmt::format(R"(  <testsuite name="{}" tests="{}" failures="{}" errors="{}" skipped="0">)", xml(suite.file),
                       tally.total, tally.failed, tally.errors)
        << "\n";
    for (const auto& judged : suite.cases) print_junit(judged, out);
    out << "  </testsuite>\n";
  }
  out << "</testsuites>\n";
}

json::value to_document(const Judged& judged) {
  constexpr std::string_view kinds[] = {"execution", "definition", "state"};
  constexpr std::string_view verdicts[] = {"passed", "failed", "error"};
  const auto flag = [](const std::optional<bool>& value) { return value ? json::value(*value) : json::value(); };
  const auto texts = [](const std::vector<std::string>& lines) {
    json::array list;
    for (const auto& line : lines) list.push_back(json::value(line));
    return list;
  };
  const auto verdict = judged.verdict();
  return json::object{
      {"file", judged.file},
      {"line", judged.line},
      {"name", judged.result.name},
      {"kind",
       verdict == Verdict::error ? json::value() : json::value(kinds[static_cast<std::size_t>(judged.result.kind)])},
      {"result", verdicts[static_cast<std::size_t>(verdict)]},
      {"passed", verdict == Verdict::passed},
      {"outcome", judged.result.passed},
      {"cause", flag(judged.result.cause)},
      {"history", flag(judged.result.history)},
      {"notes", texts(judged.notes())},
      {"warnings", texts(judged.result.warnings)}};
}

json::value to_document(const std::vector<Suite>& suites, const Tally& all) {
  json::array cases;
  for (const auto& suite : suites)
    for (const auto& judged : suite.cases) cases.push_back(to_document(judged));
  return json::object{{"total", all.total},
                      {"passed", all.passed()},
                      {"failed", all.failed},
                      {"errors", all.errors},
                      {"cases", std::move(cases)}};
}

void print_text(const std::vector<Suite>& suites, const TestOptions& options, std::ostream& out) {
  for (const auto& suite : suites) {
    for (const auto& judged : suite.cases)
      if (judged.verdict() != Verdict::passed) print_failure(judged, options, out);
    Tally tally;
    tally.add(suite.cases);
    out << fmt::format("{}: {} of {} passed\n", suite.file, tally.passed(), tally.total);
  }
}

std::string summary_of(const Tally& all) {
  auto text =
      fmt::format("{} case{}: {} passed, {} failed", all.total, all.total == 1 ? "" : "s", all.passed(), all.failed);
  if (all.errors > 0) text += fmt::format(", {} in error", all.errors);
  return text;
}

}  // namespace

int run_tests(const TestOptions& options, std::ostream& out, std::ostream& err) {
  std::vector<Suite> suites;
  bool any_unread = false;
  for (const auto& file : options.files) {
    const auto text = read_file(file);
    if (!text) {
      err << "tocsin: " << text.error().message << "\n";
      any_unread = true;
      continue;
    }
    suites.push_back(run_suite(file == "-" ? "stdin" : file, *text, options));
    for (const auto& warning : suites.back().warnings) err << "tocsin: " << warning << "\n";
  }
  Tally all;
  for (const auto& suite : suites) all.add(suite.cases);
  switch (options.format) {
    case TestFormat::json:
      out << to_pretty_json(to_document(suites, all)) << "\n";
      break;
    case TestFormat::junit:
      print_junit(suites, all, out);
      break;
    case TestFormat::text:
      print_text(suites, options, out);
      break;
  }
  const bool all_right = all.passed() == all.total;
  if (options.format == TestFormat::text)
    out << toned(all_right ? Tone::right : Tone::wrong, summary_of(all), options.colour) << "\n";
  else
    err << summary_of(all) << "\n";
  if (any_unread) return wrong_use;
  if (all.total == 0) {
    err << "tocsin: there is no case" << (options.filter.empty() ? "" : " whose name holds the filter") << "\n";
    return wrong_use;
  }
  return all_right ? done : bad;
}

}  // namespace tocsin::playbook
