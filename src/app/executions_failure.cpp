#include <fmt/format.h>

#include "app/executions_text.h"
#include "playbook/failure.h"

namespace tocsin::app {
namespace {

constexpr std::size_t children_shown = 10;
constexpr int generations_max = 3;  // of executions that tasks started

// An execution that the failed task started and waited for: its cause names it.
std::string started_by_task(std::string_view cause) {
  if (!cause.starts_with('{')) return {};
  const auto document = parse_json_object(cause);
  return document ? std::string(string_at(*document, "ExecutionArn")) : std::string();
}

class Failures {
 public:
  explicit Failures(ExecutionsClient& client) : client_{client} {}

  // The execution's failure; null where it has none.
  Result<json::value> of(const std::string& arn, const std::vector<json::object>& events, int generation) {
    const auto definition = definition_of(client_, arn);
    std::vector<asl::HistoryEvent> history;
    for (const auto& event : events) history.push_back(to_event(event));
    auto place = playbook::find_failure(definition, history);
    if (!place) return json::value();
    json::object failure{{"path", place->path()}, {"error", place->error}, {"cause", place->cause}};
    if (generation >= generations_max) return failure;
    if (!place->map_run.empty()) {
      auto run = children(place->map_run, generation);
      if (!run) return pass_on(run);
      failure["mapRun"] = std::move(*run);
    }
    if (const auto child = started_by_task(place->cause); !child.empty()) {
      auto below = of_execution(child, generation + 1);
      if (!below) return pass_on(below);
      failure["child"] = std::move(*below);
    }
    return failure;
  }

 private:
  // Of another execution; what is not there any more has only its ARN.
  Result<json::value> of_execution(const std::string& arn, int generation) {
    json::object shown{{"arn", arn}};
    auto events = client_.history(arn, 0);
    if (!events) return json::value(std::move(shown));
    auto failure = of(arn, *events, generation);
    if (!failure) return failure;
    if (const auto* object = failure->if_object())
      for (const auto& [name, value] : *object) shown[name] = value;
    return shown;
  }

  Result<json::value> children(const std::string& map_run, int generation) {
    const auto failed = client_.failed_children(map_run, children_shown);
    if (!failed) return std::unexpected(failed.error());
    json::array list;
    for (const auto& child : failed->executions) {
      auto shown = of_execution(std::string(string_at(child, "executionArn")), generation + 1);
      if (!shown) return shown;
      list.push_back(std::move(*shown));
    }
    return json::object{{"arn", map_run}, {"failed", failed->total}, {"children", std::move(list)}};
  }

  ExecutionsClient& client_;
};

std::string reason(const json::object& failure) {
  const auto error = string_at(failure, "error"), cause = string_at(failure, "cause");
  // The cause of a task that waited for an execution is that execution, which is shown by itself.
  const bool is_child = failure.contains("child") || cause.empty();
  return printable(fmt::format("{}{}{}", error, is_child ? "" : ": ", is_child ? "" : cause));
}

void print_below(const json::object& failure, int depth) {
  const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
  const auto print_child = [&](const json::object& child, std::string_view what) {
    fmt::print("{}{} {}\n", indent, what, printable(string_at(child, "arn")));
    if (child.contains("path"))
      fmt::print("{}  {}  {}\n", indent, printable(string_at(child, "path")), coloured(Colour::red, reason(child)));
    print_below(child, depth + 2);
  };
  if (const auto* run = failure.if_contains("mapRun"); run && run->is_object()) {
    const auto& list = run->at("children").get_array();
    const auto failed = integer_at(run->get_object(), "failed");
    fmt::print("{}{} child execution{} failed{}:\n", indent, failed, failed == 1 ? "" : "s",
               std::ssize(list) < failed ? fmt::format("; the first {}", list.size()) : std::string());
    for (const auto& child : list) print_child(child.get_object(), "-");
  }
  if (const auto* child = failure.if_contains("child"); child && child->is_object())
    print_child(child->get_object(), "the execution that it started:");
}

}  // namespace

Result<json::value> failure_of(ExecutionsClient& client, const json::object& described,
                               const std::vector<json::object>& events) {
  return Failures(client).of(std::string(string_at(described, "executionArn")), events, 0);
}

void print_failure(const json::object& failure) {
  fmt::print("{} {}  {}\n", coloured(Colour::bold, "failed at:"), printable(string_at(failure, "path")),
             coloured(Colour::red, reason(failure)));
  print_below(failure, 1);
}

}  // namespace tocsin::app
