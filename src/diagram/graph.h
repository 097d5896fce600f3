// What is drawn: the states of a container as nodes, what leads from one to the other as edges. Private to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asl/definition.h"

namespace tocsin::diagram {

enum class Shape { state, start, end };
enum class Way { next, choice, otherwise, caught };

struct Edge {
  std::size_t from = 0, to = 0;  // places in Graph::nodes
  Way way = Way::next;
  std::string label;
};

struct Graph;

struct Node {
  Shape shape = Shape::state;
  asl::StateType type = asl::StateType::pass;
  std::string name;
  std::string detail;         // what a task calls, how long a wait takes, …; may be empty
  std::vector<Graph> inside;  // branches of a Parallel, the processor of a Map
};

// nodes[0] is the start; the last is the end.
struct Graph {
  std::string title;  // "branch 1", "for each item"; empty for the machine itself
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

Graph graph_of(const asl::Definition& definition);

// "$.block.NewIP = true", "not ($.a > 3)".
std::string condition_text(const asl::Condition& condition);

// At most `characters_max` characters, the last one "…" where something is left out.
std::string shortened(std::string_view text, std::size_t characters_max);
std::size_t character_count(std::string_view text);

}  // namespace tocsin::diagram
