// A sample of durations and its quantiles.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace tocsin::bench {

class Latencies {
 public:
  void add(std::chrono::microseconds value) { values_us_.push_back(value.count()); }
  void add(const Latencies& other) {
    values_us_.insert(values_us_.end(), other.values_us_.begin(), other.values_us_.end());
  }
  std::size_t count() const { return values_us_.size(); }

  // The smallest value that at least the share `q` of the sample does not exceed (nearest rank); 0 of nothing.
  double quantile_ms(double q) const {
    if (values_us_.empty()) return 0;
    auto sorted = values_us_;
    std::ranges::sort(sorted);
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(sorted.size()) + 0.999999);
    return static_cast<double>(sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1]) / 1000.0;
  }
  double max_ms() const { return quantile_ms(1.0); }

 private:
  std::vector<std::int64_t> values_us_;
};

}  // namespace tocsin::bench
