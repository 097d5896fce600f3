#include "diagram/graph.h"

#include <map>

#include <fmt/format.h>

namespace tocsin::diagram {
namespace {

constexpr std::size_t label_characters_max = 120;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// "arn:aws:lambda:eu-west-1:000000000000:function:block" → "function block"; "arn:aws:states:::sns:publish" →
// "sns:publish".
std::string resource_text(const asl::TaskFields& task) {
  const std::string_view resource = task.resource;
  for (const std::string_view kind : {":function:", ":activity:"})
    if (const auto at = resource.find(kind); at != resource.npos)
      return fmt::format("{} {}", kind.substr(1, kind.size() - 2), resource.substr(at + kind.size()));
  const auto parsed = asl::parse_resource(resource);
  if (!parsed || parsed->kind != asl::ResourceKind::service) return task.resource;
  return fmt::format("{}{}", parsed->name, parsed->suffix);
}

std::string wait_text(const asl::WaitFields& wait) {
  if (wait.seconds) return fmt::format("{} s", *wait.seconds);
  if (wait.seconds_path) return fmt::format("{} s", wait.seconds_path->text);
  if (wait.timestamp_path) return fmt::format("until {}", wait.timestamp_path->text);
  return "until a fixed time";
}

std::string detail_of(const asl::State& state) {
  switch (state.type) {
    case asl::StateType::task:
      return resource_text(state.as<asl::TaskFields>());
    case asl::StateType::wait:
      return wait_text(state.as<asl::WaitFields>());
    case asl::StateType::fail:
      return state.as<asl::FailFields>().error.value_or("");
    case asl::StateType::map: {
      const auto& map = state.as<asl::MapFields>();
      return fmt::format("for each of {}{}", map.items_path ? map.items_path->text : "$",
                         map.is_distributed ? ", distributed" : "");
    }
    default:
      return {};
  }
}

Graph container(const asl::Machine& machine, std::string title);

Node node_of(const asl::State& state) {
  Node node{.type = state.type, .name = state.name, .detail = detail_of(state), .inside = {}};
  if (const auto* parallel = std::get_if<asl::ParallelFields>(&state.fields))
    for (std::size_t i = 0; i < parallel->branches.size(); ++i)
      node.inside.push_back(container(parallel->branches[i], fmt::format("branch {}", i + 1)));
  if (const auto* map = std::get_if<asl::MapFields>(&state.fields); map && map->processor)
    node.inside.push_back(container(*map->processor, "for each item"));
  return node;
}

// Several rules that lead to the same state are several edges: each has its condition.
void add_edges(const asl::State& state, std::size_t from, const std::map<std::string_view, std::size_t>& places,
               std::size_t end, Graph& graph) {
  const auto add = [&](std::string_view to, Way way, std::string label) {
    if (const auto found = places.find(to); found != places.end())
      graph.edges.push_back({from, found->second, way, shortened(label, label_characters_max)});
  };
  if (const auto* choice = std::get_if<asl::ChoiceFields>(&state.fields)) {
    for (const auto& rule : choice->rules) add(rule.next, Way::choice, condition_text(rule.condition));
    if (!choice->otherwise.empty()) add(choice->otherwise, Way::otherwise, "otherwise");
  } else if (state.is_terminal()) {
    if (state.type != asl::StateType::fail) graph.edges.push_back({from, end, Way::next, {}});
  } else {
    add(state.next, Way::next, {});
  }
  for (const auto& catcher : state.catchers) add(catcher.next, Way::caught, joined(catcher.errors));
}

Graph container(const asl::Machine& machine, std::string title) {
  Graph graph{.title = std::move(title), .nodes = {}, .edges = {}};
  graph.nodes.push_back({.shape = Shape::start, .name = {}, .detail = {}, .inside = {}});
  std::map<std::string_view, std::size_t> places;
  for (const auto& state : machine.states) {
    places.emplace(state.name, graph.nodes.size());
    graph.nodes.push_back(node_of(state));
  }
  const auto end = graph.nodes.size();
  graph.nodes.push_back({.shape = Shape::end, .name = {}, .detail = {}, .inside = {}});
  if (const auto first = places.find(machine.start_at); first != places.end())
    graph.edges.push_back({0, first->second, Way::next, {}});
  for (const auto& state : machine.states) add_edges(state, places.at(state.name), places, end, graph);
  return graph;
}

}  // namespace

Graph graph_of(const asl::Definition& definition) {
  return container(definition.machine, {});
}

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string shortened(std::string_view text, std::size_t characters_max) {
  if (character_count(text) <= characters_max) return std::string(text);
  std::size_t seen = 0, bytes = 0;
  while (bytes < text.size()) {
    if ((static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80 && ++seen == characters_max) break;
    ++bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace tocsin::diagram
