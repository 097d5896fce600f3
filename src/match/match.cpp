#include "match/match.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/json.h"
#include "match/event_matcher.h"
#include "match/line_reader.h"
#include "match/match_file.h"
#include "match/output.h"
#include "pattern/pattern.h"
#include "pattern/rule_line.h"

namespace tocsin::match {
namespace {

enum Code : int { done = 0, partly = 1, wrong_use = 2 };

struct Rules {
  std::vector<pattern::NamedPattern> list;  // a rule's id is its place
  std::vector<std::string> quoted;          // their names as JSON
  pattern::RuleSetBuilder builder;
};

// A file that is open for reading, or an error number.
class InputFile {
 public:
  explicit InputFile(const std::string& name) : descriptor_(::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
    error_ = descriptor_ < 0 ? errno : 0;
  }
  ~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int error() const { return error_; }
  int descriptor() const { return descriptor_; }
  Source source() const { return from_descriptor(descriptor_); }

 private:
  int descriptor_;
  int error_;
};

// Where events come from; `file`: it is a regular file.
struct Input {
  Source source;
  std::optional<FileRest> file;
};

Input input_of(int descriptor) {
  return {from_descriptor(descriptor), file_rest(descriptor)};
}

int report_unreadable(const std::string& name, int error, std::ostream& err) {
  err << fmt::format("{}: cannot be read: {}\n", name, std::strerror(error));
  return wrong_use;
}

std::string events_name(const Options& options) {
  return options.events.empty() || options.events == "-" ? "stdin" : options.events;
}

std::string json_text(std::string_view text) {
  return to_json(json::value(json::string_view(text.data(), text.size())));
}

// A line of --check, or of complaints on stderr.
void report_bad_rule(const Options& options, std::size_t line, const std::string& name, const std::string& reason,
                     std::ostream& out, std::ostream& err) {
  if (options.check) {
    out << fmt::format(R"({{"name":{},"error":{}}})", name.empty() ? "null" : json_text(name), json_text(reason))
        << '\n';
  } else {
    err << fmt::format("{}:{}: rule {}: {}\n", options.rules, line, name.empty() ? "without a name" : json_text(name),
                       reason);
  }
}

// The rules of the file. Returns done, partly if one of them was bad, wrong_use if they cannot be read.
int read_rules(const Options& options, Rules& rules, std::ostream& out, std::ostream& err) {
  const InputFile file(options.rules);
  if (file.error() != 0) return report_unreadable(options.rules, file.error(), err);
  bool all_good = true;
  std::map<std::string, std::size_t> lines;
  LineReader reader(file.source());
  for (std::size_t number = 1; const auto line = reader.next(); ++number) {
    if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto rule = pattern::parse_rule_line(*line);
    std::string name = rule ? rule->name : "";
    std::string reason = rule ? "" : rule.error().message;
    if (rule) {
      const auto [at, is_new] = lines.try_emplace(rule->name, number);
      if (!is_new) {
        reason = fmt::format("the name is that of line {} too", at->second);
      } else if (const auto put = rules.builder.put(static_cast<pattern::RuleId>(rules.list.size()), rule->pattern);
                 !put) {
        reason = put.error().message;
      }
    }
    if (!reason.empty()) {
      all_good = false;
      report_bad_rule(options, number, name, reason, out, err);
      continue;
    }
    rules.quoted.push_back(json_text(rule->name));
    rules.list.push_back(std::move(*rule));
  }
  if (reader.has_failed()) return report_unreadable(options.rules, EIO, err);
  return all_good ? done : partly;
}

// The code to end with when all lines were read.
int end_of(bool was_read, Output& output, const Options& options, std::ostream& out, std::ostream& err, int code) {
  if (!was_read) return report_unreadable(events_name(options), EIO, err);
  errno = 0;
  output.flush();
  if (out) return code;
  err << fmt::format("the output cannot be written{}{}\n", errno != 0 ? ": " : "",
                     errno != 0 ? std::strerror(errno) : "");
  return partly;
}

void report_bad_event(const Options& options, std::size_t line, const std::string& message, std::ostream& err) {
  err << fmt::format("{}:{}: {}\n", events_name(options), line, message);
}

// Where the answers go, in the order of the events.
class Printer {
 public:
  Printer(const Options& options, std::ostream& out, std::ostream& err) : options_(options), err_(err), output_(out) {}

  // False: the output cannot be written any more.
  bool print(const Answers& answers) {
    for (const auto& [line, message] : answers.bad) {
      report_bad_event(options_, line_ + line, message, err_);
      code_ = partly;
    }
    line_ += answers.lines;
    return output_.write(answers.text);
  }
  int code() const { return code_; }
  Output& output() { return output_; }

 private:
  const Options& options_;
  std::ostream& err_;
  Output output_;
  std::size_t line_ = 0;  // lines before those that are printed next
  int code_ = done;
};

// What is read once, from front to back.
bool match_stream(EventMatcher& matcher, const Source& events, Printer& printer) {
  LineReader reader(events, [&] { printer.output().flush(); });
  Answers answers;
  while (const auto line = reader.next()) {
    matcher.answer(*line, reader.is_cut(), answers);
    if (!printer.print(answers)) break;
    answers.clear();
  }
  return !reader.has_failed();
}

int match_events(const Options& options, Rules& rules, const Input& events, std::ostream& out, std::ostream& err) {
  const auto set = rules.builder.publish();
  std::vector<EventMatcher> matchers;
  for (unsigned i = 0; i < (events.file ? threads_for(*events.file) : 1); ++i) {
    matchers.emplace_back(set, rules.quoted, options.count);
  }
  Printer printer(options, out, err);
  const bool was_read =
      events.file ? match_file(*events.file, matchers, [&](const Answers& answers) { return printer.print(answers); })
                  : match_stream(matchers.front(), events.source, printer);
  for (std::size_t i = 0; options.count && i < rules.quoted.size(); ++i) {
    std::uint64_t total = 0;
    for (const EventMatcher& matcher : matchers) total += matcher.totals()[i];
    printer.output().write(fmt::format("{{\"name\":{},\"matches\":{}}}\n", rules.quoted[i], total));
  }
  return end_of(was_read, printer.output(), options, out, err, printer.code());
}

std::string explanation_line(const pattern::Explanation& explanation) {
  if (explanation.matched) return R"({"matched":true})";
  std::string found;
  for (const std::string& value : explanation.found) found += (found.empty() ? "" : ",") + value;
  return fmt::format(R"({{"matched":false,"path":{},"wanted":{},"found":[{}],"reason":{}}})",
                     json_text(explanation.path), explanation.wanted, found, json_text(explanation.reason));
}

int explain_events(const Options& options, const Rules& rules, const Source& events, std::ostream& out,
                   std::ostream& err) {
  const auto rule = std::find_if(rules.list.begin(), rules.list.end(),
                                 [&](const pattern::NamedPattern& r) { return r.name == options.explain; });
  if (rule == rules.list.end()) {
    err << fmt::format("{}: there is no rule {}\n", options.rules, json_text(options.explain));
    return wrong_use;
  }
  int code = done;
  Output output(out);
  LineReader reader(events, [&output] { output.flush(); });
  for (std::size_t number = 1; const auto line = reader.next(); ++number) {
    const auto explanation = pattern::explain(rule->pattern, *line);
    if (!explanation) {
      report_bad_event(options, number, explanation.error().message, err);
      code = partly;
    }
    if (!output.write((explanation ? explanation_line(*explanation) : "null") + "\n")) break;
  }
  return end_of(!reader.has_failed(), output, options, out, err, code);
}

}  // namespace

int run_match(const Options& options, std::istream& in, std::ostream& out, std::ostream& err) {
  Rules rules;
  const int read = read_rules(options, rules, out, err);
  if (read != done || options.check) return read;
  if (options.dot) {
    std::vector<std::string> names;
    for (const auto& rule : rules.list) names.push_back(rule.name);
    out << pattern::to_dot(*rules.builder.publish(), names);
    return done;
  }
  const auto answer = [&](const Input& events) {
    return options.explain.empty() ? match_events(options, rules, events, out, err)
                                   : explain_events(options, rules, events.source, out, err);
  };
  if (options.events.empty() || options.events == "-") {
    // What is typed or trickles in is answered line by line, which streams cannot do.
    return answer(&in == &std::cin ? input_of(STDIN_FILENO) : Input{from_stream(in), std::nullopt});
  }
  const InputFile events(options.events);
  if (events.error() != 0) return report_unreadable(options.events, events.error(), err);
  return answer(input_of(events.descriptor()));
}

}  // namespace tocsin::match
