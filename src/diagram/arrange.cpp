#include <algorithm>
#include <numeric>

#include "diagram/layout.h"

namespace tocsin::diagram {
namespace {

constexpr int order_sweeps = 12;
constexpr int position_sweeps = 16;
constexpr double gap = 28;
constexpr double bend_gap = 14;

using Layer = std::vector<std::size_t>;

std::vector<std::size_t> positions_of(const Arrangement& arrangement) {
  std::vector<std::size_t> positions(arrangement.places.size());
  for (const auto& layer : arrangement.layers)
    for (std::size_t i = 0; i < layer.size(); ++i) positions[layer[i]] = i;
  return positions;
}

// Pairs of edges between this layer and the next that cross: inversions, counted by merging.
std::size_t inversions(std::vector<std::size_t>& values, std::size_t begin, std::size_t end) {
  if (end - begin < 2) return 0;
  const auto middle = begin + (end - begin) / 2;
  auto count = inversions(values, begin, middle) + inversions(values, middle, end);
  std::vector<std::size_t> merged;
  std::size_t left = begin, right = middle;
  while (left < middle || right < end) {
    if (right == end || (left < middle && values[left] <= values[right])) {
      merged.push_back(values[left++]);
    } else {
      count += middle - left;
      merged.push_back(values[right++]);
    }
  }
  std::ranges::copy(merged, values.begin() + static_cast<std::ptrdiff_t>(begin));
  return count;
}

std::size_t crossings(const Arrangement& arrangement) {
  const auto positions = positions_of(arrangement);
  std::size_t count = 0;
  for (const auto& layer : arrangement.layers) {
    std::vector<std::size_t> ends;
    for (const auto place : layer) {
      const auto first = static_cast<std::ptrdiff_t>(ends.size());
      for (const auto other : arrangement.places[place].below) ends.push_back(positions[other]);
      std::sort(ends.begin() + first, ends.end());
    }
    count += inversions(ends, 0, ends.size());
  }
  return count;
}

// By the mean position of what each place is joined to in the layer before.
void order_layer(Arrangement& arrangement, Layer& layer, bool downwards, std::vector<std::size_t>& positions) {
  std::vector<std::pair<double, std::size_t>> keyed;
  for (std::size_t i = 0; i < layer.size(); ++i) {
    const auto& joined = downwards ? arrangement.places[layer[i]].above : arrangement.places[layer[i]].below;
    double key = static_cast<double>(i);
    if (!joined.empty()) {
      key = 0;
      for (const auto other : joined) key += static_cast<double>(positions[other]);
      key /= static_cast<double>(joined.size());
    }
    keyed.emplace_back(key, layer[i]);
  }
  std::ranges::stable_sort(keyed, {}, &std::pair<double, std::size_t>::first);
  for (std::size_t i = 0; i < layer.size(); ++i) {
    layer[i] = keyed[i].second;
    positions[layer[i]] = i;
  }
}

void order(Arrangement& arrangement) {
  auto best = arrangement.layers;
  auto fewest = crossings(arrangement);
  for (int sweep = 0; sweep < order_sweeps && fewest > 0; ++sweep) {
    auto positions = positions_of(arrangement);
    const auto count = arrangement.layers.size();
    for (std::size_t i = 1; i < count; ++i)
      order_layer(arrangement, arrangement.layers[sweep % 2 == 0 ? i : count - 1 - i], sweep % 2 == 0, positions);
    const auto now = crossings(arrangement);
    if (now >= fewest) continue;
    fewest = now;
    best = arrangement.layers;
  }
  arrangement.layers = std::move(best);
}

double distance(const Place& left, const Place& right) {
  const bool bend = left.height == 0 && right.height == 0;
  return (left.width + right.width) / 2 + (bend ? bend_gap : gap);
}

// The x nearest to those wanted (least squares) that keep order and distances: isotonic regression of x less the
// distances so far, by pooling adjacent violators.
void settle(Arrangement& arrangement, const Layer& layer, const std::vector<double>& wanted) {
  struct Pool {
    double sum = 0, weight = 0;
    std::size_t count = 0;
    double mean() const { return sum / weight; }
  };
  std::vector<Pool> pools;
  std::vector<double> offsets;
  double offset = 0;
  for (std::size_t i = 0; i < layer.size(); ++i) {
    const auto& place = arrangement.places[layer[i]];
    if (i > 0) offset += distance(arrangement.places[layer[i - 1]], place);
    offsets.push_back(offset);
    const double weight = place.height == 0 ? 3 : 1;  // bends are kept straight before nodes are centred
    pools.push_back({(wanted[i] - offset) * weight, weight, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().weight += last.weight;
      pools.back().count += last.count;
    }
  }
  std::size_t i = 0;
  for (const auto& pool : pools)
    for (std::size_t n = 0; n < pool.count; ++n, ++i) arrangement.places[layer[i]].x = pool.mean() + offsets[i];
}

void pack(Arrangement& arrangement) {
  for (const auto& layer : arrangement.layers) {
    double width = 0;
    for (std::size_t i = 1; i < layer.size(); ++i)
      width += distance(arrangement.places[layer[i - 1]], arrangement.places[layer[i]]);
    double x = -width / 2;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) x += distance(arrangement.places[layer[i - 1]], arrangement.places[layer[i]]);
      arrangement.places[layer[i]].x = x;
    }
  }
}

void settle_layer(Arrangement& arrangement, const Layer& layer, bool downwards, bool both) {
  std::vector<double> wanted;
  for (const auto index : layer) {
    const auto& place = arrangement.places[index];
    double sum = 0, count = 0;
    for (const auto* joined : {&place.above, &place.below}) {
      if (!both && (joined == &place.above) != downwards) continue;
      for (const auto other : *joined) sum += arrangement.places[other].x;
      count += static_cast<double>(joined->size());
    }
    wanted.push_back(count > 0 ? sum / count : place.x);
  }
  settle(arrangement, layer, wanted);
}

}  // namespace

void arrange(Arrangement& arrangement) {
  order(arrangement);
  pack(arrangement);
  const auto count = arrangement.layers.size();
  for (int sweep = 0; sweep < position_sweeps; ++sweep) {
    const bool downwards = sweep % 2 == 0;
    for (std::size_t i = 0; i < count; ++i)
      settle_layer(arrangement, arrangement.layers[downwards ? i : count - 1 - i], downwards,
                   sweep + 4 >= position_sweeps);
  }
}

}  // namespace tocsin::diagram
