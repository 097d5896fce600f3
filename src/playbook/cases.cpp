#include "simulation/cases.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "playbook/options.h"
#include "playbook/playbook.h"
#include "playbook/report.h"
#include "playbook/source.h"

namespace tocsin::playbook {
namespace {

struct Judged {
  std::string file;
  std::size_t line = 0;
  simulation::CaseResult result;
  bool passed() const { return result.passed && result.cause.value_or(true) && result.history.value_or(true); }
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

void warn_of_unknown_fields(const json::object& described, std::size_t line, Suite& suite) {
  constexpr std::array known = {"name",
                                "definition",
                                "definition_text",
                                "definition_file",
                                "input",
                                "type",
                                "mocks",
                                "status",
                                "output",
                                "error",
                                "cause",
                                "must_not_succeed",
                                "ignore",
                                "history",
                                "history_unordered",
                                "expect_delays",
                                "delays_are_upper_bounds",
                                "expect_elapsed",
                                "nondeterministic",
                                "context",
                                "timing",
                                "comment",
                                "parameters",
                                "truth",
                                "source"};
  for (const auto& member : described) {
    const std::string_view key = member.key();
    if (std::ranges::find(known, key) == known.end())
      suite.warnings.push_back(
          fmt::format("{}:{}: the field '{}' is not known and checks nothing", suite.file, line, printable(key)));
  }
}

simulation::CaseResult failed_case(std::string name, std::string note) {
  simulation::CaseResult result;
  result.name = std::move(name);
  result.notes.push_back(std::move(note));
  return result;
}

simulation::CaseResult run_line(std::string_view text, std::size_t line, Suite& suite,
                                std::map<std::string, Source>& known, const std::string& filter, bool& skipped) {
  auto described = parse_json_object(text);
  if (!described) {
    skipped = !filter.empty();
    return failed_case(fmt::format("line {}", line), described.error().message);
  }
  const auto name = std::string(string_at(*described, "name", fmt::format("line {}", line)));
  skipped = name.find(filter) == name.npos;
  if (skipped) return {};
  warn_of_unknown_fields(*described, line, suite);
  if (!described->contains("status") && !bool_at(*described, "must_not_succeed"))
    return failed_case(name, "the case says nothing about its 'status' (SUCCEEDED, FAILED or TIMED_OUT)");
  if (auto loaded = load_definition(*described, suite.file, known); !loaded)
    return failed_case(name, loaded.error().message);
  auto result = simulation::run_case(*described);
  result.name = name;
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
    if (judged.passed() || !options.show_path) judged.result.run = {};
    suite.cases.push_back(std::move(judged));
  }
  return suite;
}

void print_failure(const Judged& judged, const TestOptions& options, std::ostream& out) {
  out << toned(Tone::wrong, "FAILED", options.colour) << " " << printable(judged.result.name) << "  "
      << toned(Tone::faint, fmt::format("{}:{}", judged.file, judged.line), options.colour) << "\n";
  for (const auto& note : judged.result.notes) {
    const bool minus = note.starts_with("  - "), plus = note.starts_with("  + ");
    out << "  "
        << toned(minus  ? Tone::right
                 : plus ? Tone::wrong
                        : Tone::plain,
                 printable(note), options.colour)
        << "\n";
  }
  if (options.show_path && judged.result.definition) {
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

std::size_t failures(const std::vector<Judged>& cases) {
  return static_cast<std::size_t>(std::ranges::count_if(cases, [](const Judged& j) { return !j.passed(); }));
}

// The form that CI systems read (testsuites, testsuite, testcase, failure).
void print_junit(const std::vector<Suite>& suites, std::size_t total, std::size_t failed, std::ostream& out) {
  out << R"(<?xml version="1.0" encoding="UTF-8"?>)" << "\n"
      << fmt::format(R"(<testsuites name="tocsin workflow test" tests="{}" failures="{}" errors="0">)", total, failed)
      << "\n";
  for (const auto& suite : suites) {
    out << fmt::format(R"(  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="0">)", xml(suite.file),
                       suite.cases.size(), failures(suite.cases))
        << "\n";
    for (const auto& judged : suite.cases) {
      out << fmt::format(R"(    <testcase name="{}" classname="{}" file="{}" line="{}")", xml(judged.result.name),
                         xml(suite.file), xml(judged.file), judged.line);
      if (judged.passed()) {
        out << "/>\n";
        continue;
      }
      const auto& notes = judged.result.notes;
      out << fmt::format(">\n      <failure message=\"{}\">", xml(notes.empty() ? "failed" : notes.front()));
      for (const auto& note : notes) out << xml(note) << "\n";
      out << "</failure>\n    </testcase>\n";
    }
    out << "  </testsuite>\n";
  }
  out << "</testsuites>\n";
}

json::value to_document(const std::vector<Suite>& suites, std::size_t total, std::size_t failed) {
  const auto flag = [](const std::optional<bool>& value) { return value ? json::value(*value) : json::value(); };
  json::array cases;
  for (const auto& suite : suites)
    for (const auto& judged : suite.cases) {
      json::array notes;
      for (const auto& note : judged.result.notes) notes.push_back(json::value(note));
      cases.push_back(json::object{{"file", judged.file},
                                   {"line", judged.line},
                                   {"name", judged.result.name},
                                   {"passed", judged.passed()},
                                   {"outcome", judged.result.passed},
                                   {"cause", flag(judged.result.cause)},
                                   {"history", flag(judged.result.history)},
                                   {"notes", std::move(notes)}});
    }
  return json::object{{"total", total}, {"passed", total - failed}, {"failed", failed}, {"cases", std::move(cases)}};
}

void print_text(const std::vector<Suite>& suites, const TestOptions& options, std::ostream& out) {
  for (const auto& suite : suites) {
    for (const auto& judged : suite.cases)
      if (!judged.passed()) print_failure(judged, options, out);
    const auto failed = failures(suite.cases);
    out << fmt::format("{}: {} of {} passed\n", suite.file, suite.cases.size() - failed, suite.cases.size());
  }
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
  std::size_t total = 0, failed = 0;
  for (const auto& suite : suites) {
    total += suite.cases.size();
    failed += failures(suite.cases);
  }
  switch (options.format) {
    case TestFormat::json:
      out << to_pretty_json(to_document(suites, total, failed)) << "\n";
      break;
    case TestFormat::junit:
      print_junit(suites, total, failed, out);
      break;
    case TestFormat::text:
      print_text(suites, options, out);
      break;
  }
  const auto summary = fmt::format("{} cases: {} passed, {} failed", total, total - failed, failed);
  if (options.format == TestFormat::text)
    out << toned(failed > 0 ? Tone::wrong : Tone::right, summary, options.colour) << "\n";
  else
    err << summary << "\n";
  if (any_unread) return wrong_use;
  if (total == 0) {
    err << "tocsin: there is no case" << (options.filter.empty() ? "" : " whose name holds the filter") << "\n";
    return wrong_use;
  }
  return failed > 0 ? bad : done;
}

}  // namespace tocsin::playbook
