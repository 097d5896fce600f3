#include "match/event_matcher.h"

#include <fmt/format.h>

#include "match/line_reader.h"

namespace tocsin::match {

void EventMatcher::answer(std::string_view line, bool is_cut, Answers& answers) {
  ++answers.lines;
  const auto result = matcher_.match(*rules_, line, matched_);
  if (!result) {
    answers.bad.emplace_back(answers.lines, is_cut ? fmt::format("the line is longer than {} MiB", line_bytes_max >> 20)
                                                   : result.error().message);
  }
  if (counts_) {
    for (const pattern::RuleId id : matched_) ++totals_[static_cast<std::size_t>(id)];
    return;
  }
  if (!result) {
    answers.text += "null\n";
    return;
  }
  answers.text += '[';
  for (const pattern::RuleId id : matched_) {
    answers.text += quoted_[static_cast<std::size_t>(id)];
    answers.text += ',';
  }
  if (!matched_.empty()) answers.text.pop_back();
  answers.text += "]\n";
}

}  // namespace tocsin::match
