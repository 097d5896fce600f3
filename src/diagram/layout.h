// Where everything goes: a graph in layers from top to bottom, containers inside containers. Private to the room.
//
// Every edge takes at least two layers; what lies between its ends is a chain of invisible places, of which the first
// holds the edge's label. So labels get room like nodes, and long edges go around them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "diagram/graph.h"

namespace tocsin::diagram {

struct Point {
  double x = 0, y = 0;
};

struct Placed;

struct PlacedNode {
  const Node* node = nullptr;
  Point corner;  // top left, relative to the container
  double width = 0, height = 0;
  std::vector<std::string> lines;  // the name, wrapped
  std::vector<Placed> inside;
};

struct PlacedEdge {
  const Edge* edge = nullptr;
  std::vector<Point> points;       // straight through layers, curved between them: pairs of top and bottom
  std::vector<std::string> lines;  // of the label
  Point label;                     // its middle
};

// A container: its picture is `width` × `height`, with its corner at `corner` of what is around it.
struct Placed {
  const Graph* graph = nullptr;
  Point corner;
  double width = 0, height = 0;
  std::vector<PlacedNode> nodes;
  std::vector<PlacedEdge> edges;
};

inline constexpr double line_height = 16;
inline constexpr double head_height = 26;  // of a container's title
inline constexpr std::size_t places_max = 60'000;

// Error: validation, where more than places_max places would be needed.
Result<Placed> lay_out(const Graph& graph);

// ---- one container's arrangement (arrange.cpp)

// A place in a layer: a node, or a bend of an edge.
struct Place {
  std::size_t layer = 0;
  double width = 0, height = 0;
  double x = 0;                           // of its middle
  std::vector<std::size_t> above, below;  // places that it is joined to
};

struct Arrangement {
  std::vector<Place> places;
  std::vector<std::vector<std::size_t>> layers;  // places from left to right
};

// Orders every layer so that few edges cross, then gives each place its x so that edges are straight where they can be.
void arrange(Arrangement& arrangement);

}  // namespace tocsin::diagram
