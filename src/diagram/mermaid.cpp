#include <fmt/format.h>

#include "diagram/diagram.h"
#include "diagram/graph.h"

namespace tocsin::diagram {
namespace {

// Inside double quotes; Mermaid's own entity codes ("#quot;") keep what has a meaning in its grammar or in HTML.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        result += "#quot;";
        break;
      case '#':
        result += "#35;";
        break;
      case '&':
        result += "#amp;";
        break;
      case '<':
        result += "#lt;";
        break;
      case '>':
        result += "#gt;";
        break;
      case '`':
        result += "#96;";
        break;
      case '\\':
        result += "#92;";
        break;
      default:
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result + "\"";
}

class Writer {
 public:
  std::string write(const Graph& graph) {
    out_ = "flowchart TD\n";
    contents(graph, 1);
    out_ += "  classDef fail stroke:#c0392b,color:#c0392b\n";
    for (const auto& id : failing_) out_ += fmt::format("  class {} fail\n", id);
    return std::move(out_);
  }

 private:
  void line(int depth, std::string_view text) { out_ += fmt::format("{:{}}{}\n", "", depth * 2, text); }

  static std::string label(const Node& node) {
    const auto name = quoted(node.name);
    if (node.detail.empty()) return name;
    const auto detail = quoted(node.detail);
    return fmt::format("{}<br/>{}", name.substr(0, name.size() - 1), detail.substr(1));
  }

  void node(const Node& node, const std::string& id, int depth) {
    if (node.shape == Shape::start) return line(depth, id + "((\" \"))");
    if (node.shape == Shape::end) return line(depth, id + "(((\" \")))");
    if (!node.inside.empty()) return around(node, id, depth);
    switch (node.type) {
      case asl::StateType::choice:
        return line(depth, fmt::format("{}{{{}}}", id, label(node)));
      case asl::StateType::wait:
        return line(depth, fmt::format("{}([{}])", id, label(node)));
      case asl::StateType::fail:
        failing_.push_back(id);
        return line(depth, fmt::format("{}[{}]", id, label(node)));
      default:
        return line(depth, fmt::format("{}[{}]", id, label(node)));
    }
  }

  void around(const Node& node, const std::string& id, int depth) {
    line(depth, fmt::format("subgraph {} [{}]", id, label(node)));
    for (const auto& graph : node.inside) {
      const bool alone = node.inside.size() == 1;
      if (!alone) line(depth + 1, fmt::format("subgraph {} [{}]", next_id(), quoted(graph.title)));
      line(depth + (alone ? 1 : 2), "direction TB");
      contents(graph, depth + (alone ? 1 : 2));
      if (!alone) line(depth + 1, "end");
    }
    line(depth, "end");
  }

  void contents(const Graph& graph, int depth) {
    std::vector<bool> used(graph.nodes.size());
    for (const auto& edge : graph.edges) used[edge.from] = used[edge.to] = true;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      ids.push_back(next_id());
      if (used[i] || graph.nodes[i].shape == Shape::state) node(graph.nodes[i], ids.back(), depth);
    }
    for (const auto& edge : graph.edges) {
      const auto arrow = edge.way == Way::caught ? "-.->" : "-->";
      const auto text = edge.label.empty() ? std::string() : fmt::format("|{}|", quoted(edge.label));
      line(depth, fmt::format("{} {}{} {}", ids[edge.from], arrow, text, ids[edge.to]));
    }
  }

  std::string next_id() { return fmt::format("s{}", ++last_id_); }

  std::string out_;
  std::vector<std::string> failing_;
  int last_id_ = 0;
};

}  // namespace

std::string to_mermaid(const asl::Definition& definition) {
  return Writer().write(graph_of(definition));
}

}  // namespace tocsin::diagram
