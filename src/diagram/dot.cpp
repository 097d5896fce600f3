#include <fmt/format.h>

#include "diagram/diagram.h"
#include "diagram/graph.h"

namespace tocsin::diagram {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

class Writer {
 public:
  std::string write(const Graph& graph) {
    out_ =
        "digraph machine {\n"
        "  compound=true;\n"
        "  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n"
        "  edge [fontname=\"Helvetica\", fontsize=10];\n";
    contents(graph, 1);
    return std::move(out_) + "}\n";
  }

 private:
  void line(int depth, std::string_view text) { out_ += fmt::format("{:{}}{}\n", "", depth * 2, text); }

  static std::string label(const Node& node) {
    const auto name = quoted(node.name);
    if (node.detail.empty()) return name;
    return name.substr(0, name.size() - 1) + "\\n" + quoted(node.detail).substr(1);
  }

  void node(const Node& node, const std::string& id, int depth) {
    if (node.shape == Shape::start)
      return line(depth, id + " [shape=circle, style=filled, fillcolor=black, label=\"\", width=0.18];");
    if (node.shape == Shape::end)
      return line(depth, id + " [shape=doublecircle, style=filled, fillcolor=black, label=\"\", width=0.12];");
    std::string_view look;
    if (node.type == asl::StateType::choice) look = ", shape=diamond, style=solid";
    if (node.type == asl::StateType::fail) look = ", color=\"#c0392b\", fontcolor=\"#c0392b\"";
    if (node.type == asl::StateType::wait) look = ", style=\"rounded,dashed\"";
    if (node.inside.empty()) return line(depth, fmt::format("{} [label={}{}];", id, label(node), look));
    // The state itself is a node in its cluster: edges begin and end there.
    line(depth, fmt::format("subgraph cluster_{} {{", id));
    line(depth + 1, "style=rounded; color=gray50;");
    line(depth + 1, fmt::format("{} [label={}, style=\"rounded,filled\", fillcolor=gray95];", id, label(node)));
    for (const auto& graph : node.inside) {
      const auto inner = next_id();
      line(depth + 1, fmt::format("subgraph cluster_{} {{", inner));
      line(depth + 2, fmt::format("label={}; style=dotted;", quoted(graph.title)));
      const auto start = contents(graph, depth + 2);
      line(depth + 1, "}");
      line(depth + 1, fmt::format("{} -> {} [style=dotted, arrowhead=none];", id, start));
    }
    line(depth, "}");
  }

  // Returns the id of the start.
  std::string contents(const Graph& graph, int depth) {
    std::vector<bool> used(graph.nodes.size());
    for (const auto& edge : graph.edges) used[edge.from] = used[edge.to] = true;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      ids.push_back(next_id());
      if (used[i] || graph.nodes[i].shape == Shape::state) node(graph.nodes[i], ids.back(), depth);
    }
    for (const auto& edge : graph.edges) {
      std::string look;
      if (!edge.label.empty()) look += fmt::format("label={}", quoted(edge.label));
      if (edge.way == Way::caught)
        look += std::string(look.empty() ? "" : ", ") + "style=dashed, color=\"#c0392b\", fontcolor=\"#c0392b\"";
      if (!graph.nodes[edge.from].inside.empty())
        look += fmt::format("{}ltail=cluster_{}", look.empty() ? "" : ", ", ids[edge.from]);
      line(depth,
           fmt::format("{} -> {}{};", ids[edge.from], ids[edge.to], look.empty() ? "" : fmt::format(" [{}]", look)));
    }
    return ids.front();
  }

  std::string next_id() { return fmt::format("s{}", ++last_id_); }

  std::string out_;
  int last_id_ = 0;
};

}  // namespace

std::string to_dot(const asl::Definition& definition) {
  return Writer().write(graph_of(definition));
}

}  // namespace tocsin::diagram
