// Answers to events, as they are printed: one line for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pattern/pattern.h"

namespace tocsin::match {

// To some lines of events that follow each other.
struct Answers {
  std::string text;
  std::vector<std::pair<std::size_t, std::string>>
      bad;  // those that are no events: the line, from 1 on, and the reason
  std::size_t lines = 0;

  // About the memory that this takes.
  std::size_t bytes() const { return text.size() + bad.size() * 192; }
  void clear() {
    text.clear();
    bad.clear();
    lines = 0;
  }
};

// For one thread at a time.
class EventMatcher {
 public:
  // `quoted`: the names of the rules as JSON, by their ids; must outlive this. `counts`: matches are only counted.
  EventMatcher(std::shared_ptr<const pattern::RuleSet> rules, std::span<const std::string> quoted, bool counts)
      : rules_(std::move(rules)), quoted_(quoted), counts_(counts), totals_(quoted.size()) {}

  // `is_cut`: the line was longer than line_bytes_max.
  void answer(std::string_view line, bool is_cut, Answers& answers);

  // Matches of each rule so far, if they are counted.
  std::span<const std::uint64_t> totals() const { return totals_; }

 private:
  std::shared_ptr<const pattern::RuleSet> rules_;
  std::span<const std::string> quoted_;
  bool counts_;
  std::vector<std::uint64_t> totals_;
  pattern::Matcher matcher_;
  std::vector<pattern::RuleId> matched_;
};

}  // namespace tocsin::match
