#include <ostream>

#include <fmt/format.h>

#include "asl/definition.h"
#include "core/json_error.h"
#include "core/time_format.h"
#include "playbook/options.h"
#include "playbook/playbook.h"
#include "playbook/report.h"
#include "playbook/source.h"
#include "simulation/simulate.h"

namespace tocsin::playbook {
namespace {

// Whole seconds as a whole number.
json::value seconds(Microseconds duration) {
  if (duration.count() % 1'000'000 == 0) return duration.count() / 1'000'000;
  return std::chrono::duration<double>(duration).count();
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(json::string(*text)) : json::value();
}

json::value to_document(const simulation::Simulation& run) {
  json::object document{{"status", asl::to_string(run.status)}};
  if (run.status == asl::Status::succeeded) {
    document["output"] = run.output;
  } else {
    document["error"] = text_or_null(run.error);
    document["cause"] = text_or_null(run.cause);
  }
  json::array history;
  for (const auto& event : run.history)
    if (event.child == 0) history.push_back(asl::to_json(event));
  document["history"] = std::move(history);
  document["elapsed"] = seconds(run.elapsed);
  return document;
}

// A document from a file, standard input, or the flag itself. Error: not_found; validation with line and column.
Result<json::value> read_document(const std::string& given, std::string_view flag) {
  const auto first = given.find_first_not_of(" \t\r\n");
  const bool is_text = first != given.npos && (given[first] == '{' || given[first] == '[' || given[first] == '"');
  auto text = is_text ? Result<std::string>(given) : read_file(given);
  if (!text) return pass_on(text);
  auto document = parse_json(*text);
  if (document) return document;
  const auto place = asl::position_at(*text, json_error_at(*text).value_or(0));
  return fail(ErrorCode::not_found, fmt::format("{}:{}:{}: {}",
                                                is_text        ? std::string(flag)
                                                : given == "-" ? "stdin"
                                                               : given,
                                                place.line, place.column, document.error().message));
}

Result<simulation::Mocks> read_mocks(const std::string& file, const Source& source) {
  if (file.empty()) return simulation::Mocks();
  auto document = read_document(file, "--mocks");
  if (!document) return pass_on(document);
  if (!document->is_object())
    return fail(ErrorCode::not_found, fmt::format("{}: mocks must be an object: resource → list of answers", file));
  auto mocks = simulation::Mocks::parse(with_resources(document->get_object(), source));
  if (!mocks)
    return fail(ErrorCode::not_found, fmt::format("{}: {}: {}", file, mocks.error().path, mocks.error().message));
  return mocks;
}

void print_end(const simulation::Simulation& run, bool colour, std::ostream& out) {
  const bool good = run.status == asl::Status::succeeded;
  out << "\n"
      << toned(good ? Tone::right : Tone::wrong, asl::to_string(run.status), colour) << " after "
      << duration_text(run.elapsed);
  if (!run.retry_delays.empty()) {
    out << ", " << run.retry_delays.size() << (run.retry_delays.size() == 1 ? " retry" : " retries");
  }
  out << "\n";
  if (good) {
    out << to_pretty_json(run.output) << "\n";
    return;
  }
  if (run.error) out << "error: " << printable(*run.error) << "\n";
  if (run.cause) out << "cause: " << printable(*run.cause) << "\n";
}

}  // namespace

json::object with_resources(const json::object& mocks, const Source& source) {
  json::object named;
  for (const auto& [resource, answers] : mocks) {
    const auto found = source.placeholders.find(std::string(resource));
    named[found == source.placeholders.end() ? std::string_view(resource) : std::string_view(found->second)] = answers;
  }
  return named;
}

int run_execution(const RunOptions& options, std::ostream& out, std::ostream& err) {
  const auto flags = source_options(options.definition);
  if (!flags) return complain(flags.error(), err), wrong_use;
  simulation::SimulationOptions simulated{.seed = options.seed};
  if (!options.start.empty()) {
    const auto start = parse_rfc3339(options.start);
    if (!start) return complain(Error{ErrorCode::not_found, fmt::format("--start: {}", start.error().message)}, err);
    simulated.start = *start;
  }
  const auto source = read_source(options.file, options.definition.machine, *flags);
  if (!source) return complain(source.error(), err);
  const auto parsed = asl::parse(source->text, source->kind);
  if (!parsed.definition) {
    for (const auto& problem : check(*source)) err << to_text(problem) << "\n";
    return bad;
  }
  auto input = options.input.empty() ? Result<json::value>(json::object()) : read_document(options.input, "--input");
  if (!input) return complain(input.error(), err);
  auto mocks = read_mocks(options.mocks, *source);
  if (!mocks) return complain(mocks.error(), err);

  const auto run = simulation::simulate(*parsed.definition, std::move(*input), std::move(*mocks), simulated);
  const bool over = run.status != asl::Status::running;
  if (options.json) {
    if (over) out << to_json(to_document(run)) << "\n";
  } else {
    for (const auto& line : path_taken(parsed.definition, run, simulated.start, {.colour = options.colour}))
      out << line << "\n";
    if (over) print_end(run, options.colour, out);
    out.flush();
  }
  if (!run.problem.empty())
    err << "tocsin: " << printable(run.problem) << (over || !options.mocks.empty() ? "" : "; give answers with --mocks")
        << "\n";
  for (const auto& leftover : run.leftovers) err << "tocsin: " << printable(simulation::to_text(leftover)) << "\n";
  if (!over) return wrong_use;
  return run.status == asl::Status::succeeded && run.problem.empty() ? done : bad;
}

}  // namespace tocsin::playbook
