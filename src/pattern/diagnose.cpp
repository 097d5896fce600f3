#include <string>

#include "pattern/detail/event.h"
#include "pattern/detail/number.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

// A plain reader of JSON, a byte at a time, that keeps nothing.
class Diagnosis {
 public:
  explicit Diagnosis(std::string_view text) : begin_(text.data()), p_(begin_), end_(begin_ + text.size()) {}

  EventFault run() {
    skip_space();
    if (p_ == end_ || *p_ != '{') {
      refuse("an event must be a JSON object");
    } else if (container()) {
      skip_space();
      if (p_ != end_) refuse("bytes after the closing brace");
    }
    return fault_;
  }

 private:
  bool refuse(const char* reason) {
    fault_ = {reason, static_cast<std::size_t>(p_ - begin_)};
    return false;
  }
  void skip_space() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
  }
  bool take(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }

  bool string() {
    const char* start = ++p_;
    for (; p_ != end_ && *p_ != '"'; ++p_) {
      if (static_cast<unsigned char>(*p_) < 0x20) return refuse("a control character must be escaped");
      if (*p_ == '\\' && ++p_ == end_) break;
    }
    if (p_ == end_) return refuse("a string does not end");
    const std::size_t bad = find_bad_escape({start, static_cast<std::size_t>(p_ - start)});
    if (bad != std::string_view::npos) {
      p_ = start + bad;
      return refuse("not an escape");
    }
    ++p_;
    return true;
  }

  bool scalar() {
    if (p_ == end_) return refuse("a value is missing");
    if (*p_ == '"') return string();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(word)) continue;
      p_ += word.size();
      return true;
    }
    const char* end = skip_number(p_, end_);
    if (end == nullptr) return refuse("not a JSON value");
    p_ = end;
    return true;
  }

  bool key() {
    if (p_ == end_ || *p_ != '"') return refuse("a key must be a string");
    if (!string()) return false;
    skip_space();
    if (!take(':')) return refuse("a colon must follow the key");
    skip_space();
    return true;
  }

  // At '{' or '['. Any depth: the open ones are remembered by one character each.
  bool container() {
    std::string open(1, *p_++);
    bool expects_element = false;  // after a comma
    bool is_first = true;          // nothing since the opening
    while (!open.empty()) {
      skip_space();
      if (p_ == end_) return refuse("the event ends too early");
      if (!expects_element && *p_ == (open.back() == '{' ? '}' : ']')) {
        ++p_;
        open.pop_back();
        is_first = false;
      } else if (!is_first && !expects_element) {
        if (!take(',')) return refuse("a comma or a closing bracket must follow");
        expects_element = true;
      } else {
        if (open.back() == '{' && !key()) return false;
        expects_element = false;
        is_first = p_ != end_ && (*p_ == '{' || *p_ == '[');
        if (is_first) {
          open.push_back(*p_++);
        } else if (!scalar()) {
          return false;
        }
      }
    }
    return true;
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  EventFault fault_;
};

}  // namespace

EventFault diagnose(std::string_view text) {
  if (!is_valid_utf8(text)) return {"not UTF-8", 0};
  return Diagnosis(text).run();
}

}  // namespace tocsin::pattern
