#include "diagram/layout.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace tocsin::diagram {
namespace {

constexpr double character_width = 7.6;  // of the name's font, on average
constexpr double label_character_width = 6.2;
constexpr double padding = 14;
constexpr double margin = 18;  // inside a container
constexpr double layer_gap = 14;
constexpr std::size_t name_characters = 28, label_characters = 30, label_lines = 4, detail_characters = 36;

// Broken at blanks where it can be, at most `lines_max` lines.
std::vector<std::string> wrapped(std::string_view text, std::size_t characters, std::size_t lines_max) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() + 1 < lines_max && character_count(text) > characters) {
    const auto head = shortened(text, characters);
    auto cut = text.substr(0, head.size() - std::string_view("…").size()).rfind(' ');
    const bool at_blank = cut != text.npos && cut > characters / 3;
    if (!at_blank) cut = head.size() - std::string_view("…").size();
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(at_blank ? cut + 1 : cut);
  }
  if (!text.empty()) lines.push_back(shortened(text, characters));
  return lines;
}

double widest(const std::vector<std::string>& lines, double per_character) {
  std::size_t most = 0;
  for (const auto& line : lines) most = std::max(most, character_count(line));
  return static_cast<double>(most) * per_character;
}

class Layout {
 public:
  explicit Layout(const Graph& graph) : graph_{graph} { placed_.graph = &graph; }

  Result<Placed> run() {
    if (auto measured = measure(); !measured) return pass_on(measured);
    find_layers();
    if (auto joined = join(); !joined) return pass_on(joined);
    arrange(arrangement_);
    place();
    return std::move(placed_);
  }

 private:
  Result<void> measure() {
    for (const auto& node : graph_.nodes) {
      PlacedNode placed{.node = &node, .corner = {}, .lines = {}, .inside = {}};
      if (node.shape != Shape::state) {
        placed.width = placed.height = 16;
      } else {
        placed.lines = wrapped(node.name, name_characters, 3);
        const auto detail = static_cast<double>(
            std::min(character_count(node.detail) + character_count(asl::to_string(node.type)) + 3, detail_characters));
        placed.width =
            std::max({widest(placed.lines, character_width), detail * label_character_width, 70.0}) + 2 * padding;
        placed.height = static_cast<double>(placed.lines.size() + 1) * line_height + padding;
        if (node.type == asl::StateType::choice) placed.width += 24;
      }
      if (auto inner = measure_inside(node, placed); !inner) return inner;
      placed_.nodes.push_back(std::move(placed));
    }
    return {};
  }

  // Branches stand side by side below the state's own name.
  Result<void> measure_inside(const Node& node, PlacedNode& placed) {
    if (node.inside.empty()) return {};
    const double top = placed.height;
    double x = margin, height = 0;
    for (const auto& graph : node.inside) {
      auto inner = lay_out(graph);
      if (!inner) return pass_on(inner);
      inner->corner = {x, top};
      x += inner->width + margin;
      height = std::max(height, inner->height);
      placed.inside.push_back(std::move(*inner));
    }
    for (auto& inner : placed.inside) inner.height = height;
    const double spare = std::max(0.0, placed.width - x);
    for (auto& inner : placed.inside) inner.corner.x += spare / 2;
    placed.width = std::max(placed.width, x);
    placed.height = top + height + margin;
    return {};
  }

  // Edges that lead back to a state that is being left (depth first from the start) are turned around; then each
  // node's layer is the longest way to it, twice.
  void find_layers() {
    const auto count = graph_.nodes.size();
    std::vector<std::vector<std::size_t>> leaving(count);
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) leaving[graph_.edges[i].from].push_back(i);
    turned_.assign(graph_.edges.size(), false);
    std::vector<int> colour(count, 0);  // 0 unseen, 1 on the way, 2 done
    std::vector<std::size_t> finished;
    std::vector<std::pair<std::size_t, std::size_t>> way;
    for (std::size_t root = 0; root < count; ++root) {
      if (colour[root] != 0) continue;
      way.emplace_back(root, 0);
      colour[root] = 1;
      while (!way.empty()) {
        auto& [node, next] = way.back();
        if (next == leaving[node].size()) {
          colour[node] = 2;
          finished.push_back(node);
          way.pop_back();
          continue;
        }
        const auto edge = leaving[node][next++];
        const auto to = graph_.edges[edge].to;
        turned_[edge] = colour[to] == 1;
        if (colour[to] == 0) {
          colour[to] = 1;
          way.emplace_back(to, 0);
        }
      }
    }
    layer_.assign(count, 0);
    std::vector<std::vector<std::size_t>> downwards(count);
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      const auto& edge = graph_.edges[i];
      if (edge.from != edge.to) downwards[turned_[i] ? edge.to : edge.from].push_back(turned_[i] ? edge.from : edge.to);
    }
    for (auto node = finished.rbegin(); node != finished.rend(); ++node)
      for (const auto to : downwards[*node]) layer_[to] = std::max(layer_[to], layer_[*node] + 2);
  }

  Result<void> join() {
    auto& places = arrangement_.places;
    for (std::size_t i = 0; i < placed_.nodes.size(); ++i) {
      used_.push_back(graph_.nodes[i].shape == Shape::state);
      places.push_back({.layer = layer_[i],
                        .width = placed_.nodes[i].width,
                        .height = placed_.nodes[i].height,
                        .above = {},
                        .below = {}});
    }
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      const auto& edge = graph_.edges[i];
      used_[edge.from] = used_[edge.to] = true;
      PlacedEdge placed{
          .edge = &edge, .points = {}, .lines = wrapped(edge.label, label_characters, label_lines), .label = {}};
      chains_.emplace_back();
      if (edge.from == edge.to) {
        // A loop has its room beside the node.
        places[edge.from].width += 40 + 2 * widest(placed.lines, label_character_width);
      } else if (!add_chain(i, placed)) {
        return fail(ErrorCode::validation,
                    "the machine is too large to be laid out here; draw it with Graphviz (--dot)");
      }
      placed_.edges.push_back(std::move(placed));
    }
    std::size_t layers = 0;
    for (const auto& place : places) layers = std::max(layers, place.layer + 1);
    arrangement_.layers.resize(layers);
    for (std::size_t i = 0; i < places.size(); ++i)
      if (i >= used_.size() || used_[i]) arrangement_.layers[places[i].layer].push_back(i);
    return {};
  }

  bool add_chain(std::size_t index, const PlacedEdge& placed) {
    auto& places = arrangement_.places;
    const auto& edge = graph_.edges[index];
    const auto top = turned_[index] ? edge.to : edge.from, bottom = turned_[index] ? edge.from : edge.to;
    auto before = top;
    for (auto layer = layer_[top] + 1; layer < layer_[bottom]; ++layer) {
      if (places.size() >= places_max) return false;
      const bool holds_label = layer == (turned_[index] ? layer_[bottom] - 1 : layer_[top] + 1);
      Place bend{.layer = layer, .above = {before}, .below = {}};
      if (holds_label && !placed.lines.empty()) {
        bend.width = widest(placed.lines, label_character_width) + 10;
        bend.height = static_cast<double>(placed.lines.size()) * (line_height - 2);
      }
      places[before].below.push_back(places.size());
      chains_[index].push_back(places.size());
      before = places.size();
      places.push_back(std::move(bend));
    }
    places[before].below.push_back(bottom);
    places[bottom].above.push_back(before);
    return true;
  }

  void place() {
    const double title = graph_.title.empty() ? 0 : head_height;
    double left = std::numeric_limits<double>::max(), right = std::numeric_limits<double>::lowest();
    for (const auto& layer : arrangement_.layers)
      for (const auto index : layer) {
        const auto& p = arrangement_.places[index];
        left = std::min(left, p.x - p.width / 2);
        right = std::max(right, p.x + p.width / 2);
      }
    const double title_width = static_cast<double>(character_count(graph_.title)) * label_character_width;
    const double spare = std::max(0.0, title_width - (right - left));
    double y = margin / 2 + title;
    for (std::size_t i = 0; i < arrangement_.layers.size(); ++i) {
      double height = 0;
      for (const auto index : arrangement_.layers[i]) height = std::max(height, arrangement_.places[index].height);
      tops_.push_back(y);
      heights_.push_back(height);
      // Wide fans need room for their curves.
      const double slope = std::min(40.0, 5.0 * static_cast<double>(arrangement_.layers[i].size()));
      y += height + layer_gap + (i % 2 == 0 ? 0 : slope / 2);
    }
    for (auto& p : arrangement_.places) p.x += margin - left + spare / 2;
    placed_.width = right - left + 2 * margin + spare;
    placed_.height = y - layer_gap + margin / 2;
    for (std::size_t i = 0; i < placed_.nodes.size(); ++i) {
      auto& node = placed_.nodes[i];
      const auto layer = arrangement_.places[i].layer;
      node.corner = {arrangement_.places[i].x - node.width / 2, tops_[layer] + (heights_[layer] - node.height) / 2};
    }
    std::erase_if(placed_.edges, [](const PlacedEdge& e) { return e.edge == nullptr; });
    for (std::size_t i = 0; i < placed_.edges.size(); ++i) route(i);
    for (std::size_t i = placed_.nodes.size(); i-- > 0;)
      if (!used_[i]) placed_.nodes.erase(placed_.nodes.begin() + static_cast<std::ptrdiff_t>(i));
  }

  // Where an edge leaves or reaches a node: spread over its side in the order of the other ends.
  double port(std::size_t node, std::size_t other, bool below) const {
    const auto& place = arrangement_.places[node];
    auto joined = below ? place.below : place.above;
    std::ranges::stable_sort(joined, {}, [&](std::size_t p) { return arrangement_.places[p].x; });
    const auto at = static_cast<double>(std::ranges::find(joined, other) - joined.begin());
    const auto count = static_cast<double>(joined.size());
    const double room = std::min(placed_.nodes[node].width * 0.6, 26 * (count - 1));
    return place.x + (count > 1 ? (at / (count - 1) - 0.5) * room : 0);
  }

  void route(std::size_t index) {
    auto& placed = placed_.edges[index];
    const auto& edge = *placed.edge;
    if (edge.from == edge.to) return loop(placed);
    const bool turned = turned_[index];
    const auto top = turned ? edge.to : edge.from, bottom = turned ? edge.from : edge.to;
    const auto& chain = chains_[index];
    const auto& from = placed_.nodes[top];
    const auto& to = placed_.nodes[bottom];
    placed.points.push_back({port(top, chain.front(), true), from.corner.y + from.height});
    for (const auto bend : chain) {
      const auto& p = arrangement_.places[bend];
      placed.points.push_back({p.x, tops_[p.layer]});
      placed.points.push_back({p.x, tops_[p.layer] + heights_[p.layer]});
    }
    placed.points.push_back({port(bottom, chain.back(), false), to.corner.y});
    const auto& holder = arrangement_.places[turned ? chain.back() : chain.front()];
    placed.label = {holder.x, tops_[holder.layer] + heights_[holder.layer] / 2};
    if (turned) std::ranges::reverse(placed.points);
  }

  void loop(PlacedEdge& placed) {
    const auto& node = placed_.nodes[placed.edge->from];
    const double right = node.corner.x + node.width, middle = node.corner.y + node.height / 2;
    placed.points = {{right, middle - 8}, {right + 18, middle - 8}, {right + 18, middle + 8}, {right, middle + 8}};
    placed.label = {right + 24 + widest(placed.lines, label_character_width) / 2, middle};
  }

  const Graph& graph_;
  Placed placed_;
  Arrangement arrangement_;
  std::vector<bool> turned_;
  std::vector<bool> used_;  // a start or an end that nothing leads to is not drawn
  std::vector<std::size_t> layer_;
  std::vector<std::vector<std::size_t>> chains_;  // places of each edge, from the top
  std::vector<double> tops_, heights_;            // of layers
};

}  // namespace

Result<Placed> lay_out(const Graph& graph) {
  return Layout(graph).run();
}

}  // namespace tocsin::diagram
