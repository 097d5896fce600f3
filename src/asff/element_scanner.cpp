#include "asff/detail/element_scanner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tocsin::asff::detail {
namespace {

constexpr std::string_view list_names[] = {"Findings", "findings", "Records", "Messages"};
constexpr std::size_t name_bytes_max = 16;
constexpr std::size_t open_lists_max = 16;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

void ElementScanner::feed(std::string_view bytes, std::vector<Element>& out) {
  while (!bytes.empty()) {
    if (const std::size_t run = plain_text(bytes)) {
      keep_run(bytes.substr(0, run));
      here_.byte += run;
      bytes.remove_prefix(run);
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    step(c, out);
    ++here_.byte;
    if (c == '\n') {
      ++here_.line;
      line_start_ = here_.byte;
    }
  }
}

// How many of the next bytes lie inside a text and mean nothing but themselves: most of a finding.
std::size_t ElementScanner::plain_text(std::string_view bytes) const {
  if (!in_text_ || escaped_ || naming_ || (state_ != State::element && state_ != State::wrapper)) return 0;
  std::size_t run = 0;
  while (run < bytes.size() && bytes[run] != '"' && bytes[run] != '\\' && bytes[run] != '\n') ++run;
  return run;
}

void ElementScanner::keep_run(std::string_view run) {
  if (state_ == State::wrapper || too_large_) return;
  if (kept_.size() + run.size() > element_bytes_max) return drop_kept();
  kept_ += run;
}

void ElementScanner::drop_kept() {
  too_large_ = true;
  kept_.clear();
  kept_.shrink_to_fit();
}

void ElementScanner::finish(std::vector<Element>& out) {
  if (state_ == State::element || state_ == State::wrapper) {
    fault(start_, "the input ends inside this object", out);
  } else if (!frames_.empty()) {
    fault(here_, "the input ends inside a list", out);
  }
  frames_.clear();
  state_ = State::between;
}

void ElementScanner::step(char c, std::vector<Element>& out) {
  switch (state_) {
    case State::between:
      return between(c, out);
    case State::element:
    case State::wrapper:
      return element(c, out);
    case State::garbage:
      return garbage(c);
  }
}

void ElementScanner::between(char c, std::vector<Element>& out) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (is_space(c) || c == ',') return;
  if (here_.byte < byte_order_mark.size() && c == byte_order_mark[here_.byte]) return;
  if (c == '{') return begin_element();
  if (c == '[' && frames_.size() < open_lists_max) return frames_.push_back(Frame::array);
  if (c == ']' && !frames_.empty()) return close_list();
  fault(here_, "this is not a JSON object", out);
  state_ = State::garbage;
  in_text_ = c == '"';
  escaped_ = false;
}

// A line is given up as a whole; within a list, up to the next element.
void ElementScanner::garbage(char c) {
  if (c == '\n') {
    state_ = State::between;
    in_text_ = false;
  } else if (in_text_) {
    in_text(c);
  } else if (c == '"') {
    in_text_ = true;
  } else if (!frames_.empty() && (c == ',' || c == ']' || c == '{')) {
    state_ = State::between;
    std::vector<Element> none;
    between(c, none);
  }
}

void ElementScanner::begin_element() {
  start_ = here_;
  kept_.assign(1, '{');
  name_.clear();
  depth_ = 1;
  state_ = State::element;
  starts_line_ = here_.byte == line_start_;
  in_text_ = escaped_ = naming_ = at_value_ = too_large_ = false;
}

void ElementScanner::keep(char c) {
  if (state_ == State::wrapper || too_large_) return;
  if (kept_.size() == element_bytes_max) return drop_kept();
  kept_ += c;
}

// A line of JSON lines that was cut short: what should have been one line goes on with a new object in the next.
bool ElementScanner::breaks_off(char c) const {
  constexpr std::size_t line_bytes_min = 64;  // shorter may be the first line of a pretty-printed object
  return c == '{' && starts_line_ && frames_.empty() && here_.byte == line_start_ && here_.line == start_.line + 1 &&
         kept_.size() > line_bytes_min;
}

// True once the text has ended.
bool ElementScanner::in_text(char c) {
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    in_text_ = false;
  }
  return !in_text_;
}

void ElementScanner::element(char c, std::vector<Element>& out) {
  if (breaks_off(c)) {
    fault(start_, "the object breaks off at the end of its line", out);
    return begin_element();
  }
  keep(c);
  if (in_text_) {
    if (c == '\n') {  // not allowed in a text: the line broke off
      fault(start_, "a text does not end on its line", out);
      state_ = State::between;
      in_text_ = false;
    } else if (!in_text(c) && naming_ && name_.size() < name_bytes_max) {
      name_ += c;
    }
    return;
  }
  if (is_space(c)) return;
  const bool was_at_value = std::exchange(at_value_, false);
  if (c == '"') {
    in_text_ = true;
    naming_ = depth_ == 1 && !was_at_value;
    if (naming_) name_.clear();
  } else if (c == ':') {
    at_value_ = depth_ == 1;
  } else if (c == '{' || c == '[') {
    const bool list = c == '[' && was_at_value && std::ranges::find(list_names, name_) != std::end(list_names);
    if (list && frames_.size() < open_lists_max) return enter_list();
    ++depth_;
  } else if (c == '}' || c == ']') {
    if (--depth_ == 0) end_element(out);
  }
}

void ElementScanner::end_element(std::vector<Element>& out) {
  if (too_large_) {
    fault(start_, fmt::format("this object is larger than {} bytes", element_bytes_max), out);
  } else if (state_ == State::element) {
    out.push_back({.position = start_, .text = std::move(kept_), .fault = {}});
  }
  kept_.clear();
  state_ = State::between;
}

void ElementScanner::enter_list() {
  frames_.push_back(Frame::wrapper);
  kept_.clear();
  state_ = State::between;
}

// After the list of a wrapper the rest of the wrapper follows: other members, maybe another list.
void ElementScanner::close_list() {
  const bool wrapper = frames_.back() == Frame::wrapper;
  frames_.pop_back();
  if (!wrapper) return;
  begin_element();
  kept_.clear();
  state_ = State::wrapper;
}

void ElementScanner::fault(Position at, std::string reason, std::vector<Element>& out) {
  out.push_back({.position = at, .text = {}, .fault = std::move(reason)});
  kept_.clear();
}

}  // namespace tocsin::asff::detail
