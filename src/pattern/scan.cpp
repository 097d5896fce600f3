#include "pattern/detail/event.h"
#include "pattern/detail/number.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

class Scanner {
 public:
  Scanner(const RuleSet& rules, std::string_view text, Event& event)
      : rules_(rules), event_(event), begin_(text.data()), p_(begin_), end_(begin_ + text.size()) {}

  EventFault run() {
    skip_space();
    if (p_ == end_ || *p_ != '{') {
      refuse("an event must be a JSON object");
      return fault_;
    }
    if (!open(0, 0, none)) return fault_;
    while (!event_.frames.empty()) {
      if (!(event_.frames.back().is_array ? array_step() : object_step())) return fault_;
    }
    event_.scopes[0].end = static_cast<Index>(event_.scopes.size());
    skip_space();
    if (p_ != end_) refuse("bytes after the closing brace");
    return fault_;
  }

 private:
  bool refuse(const char* reason) {
    fault_ = {reason, static_cast<std::size_t>(p_ - begin_)};
    return false;
  }
  void skip_space() {
    while (p_ != end_ && is_space(*p_)) ++p_;
  }
  bool take(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  bool is_used(const KeyNode& node) const { return node.path != none || !node.slots.empty(); }

  // At '{' or '[': a frame for it if rules look inside, else it is skipped.
  bool open(Index node, Index scope, Index own_scope) {
    const bool is_array = *p_ == '[';
    const KeyNode& at = rules_.key_nodes[node];
    const bool is_wanted = is_array ? is_used(at) : !at.slots.empty();
    if (!is_wanted && node != 0) {
      if (own_scope != none) event_.scopes[own_scope].end = own_scope + 1;
      return skip_container();
    }
    ++p_;
    Index array = none;
    if (is_array) {
      array = static_cast<Index>(event_.arrays.size());
      const auto first = static_cast<Index>(event_.scopes.size());
      event_.arrays.push_back({first, first});
    }
    event_.frames.push_back({node, scope, own_scope, array, is_array, true});
    return true;
  }

  void close() {
    const Event::Frame& frame = event_.frames.back();
    const auto end = static_cast<Index>(event_.scopes.size());
    if (frame.own_scope != none) event_.scopes[frame.own_scope].end = end;
    if (frame.is_array) event_.arrays[frame.array].end = end;
    event_.frames.pop_back();
  }

  bool object_step() {
    Event::Frame& frame = event_.frames.back();
    skip_space();
    if (take('}')) {
      close();
      return true;
    }
    if (!frame.is_first && !take(',')) return refuse("a comma or a closing brace must follow");
    frame.is_first = false;
    skip_space();
    std::string_view raw;
    bool has_escape = false;
    if (p_ == end_ || *p_ != '"') return refuse("a key must be a string");
    if (!string(raw, has_escape)) return false;
    skip_space();
    if (!take(':')) return refuse("a colon must follow the key");
    skip_space();
    const Index scope = frame.scope;
    const Index child = find_child(frame.node, raw, has_escape);
    return child == none ? skip_value() : value(child, scope, none);
  }

  bool array_step() {
    Event::Frame& frame = event_.frames.back();
    skip_space();
    if (take(']')) {
      close();
      return true;
    }
    if (!frame.is_first && !take(',')) return refuse("a comma or a closing bracket must follow");
    frame.is_first = false;
    skip_space();
    if (p_ == end_ || (*p_ != '{' && *p_ != '[')) return value(frame.node, frame.scope, none);
    if (event_.scopes[frame.scope].depth >= scope_depth_max) return refuse("arrays are nested too deeply");
    const Index scope = event_.add_scope(frame.scope, frame.array);
    return open(frame.node, scope, scope);
  }

  // A key with dots names a path of several steps.
  Index find_child(Index node, std::string_view raw, bool has_escape) {
    if (has_escape) {
      event_.key.clear();
      append_unescaped(event_.key, raw);
      raw = event_.key;
    }
    const Index child = rules_.find_key(rules_.key_nodes[node], raw);
    if (child != none || !rules_.key_nodes[node].is_deep) return child;
    return rules_.find_dotted_key(node, raw);
  }

  bool value(Index node, Index scope, Index own_scope) {
    if (p_ == end_) return refuse("a value is missing");
    if (*p_ == '{' || *p_ == '[') return open(node, scope, own_scope);
    const Index path = rules_.key_nodes[node].path;
    if (path == none) return skip_value();
    if (*p_ == '"') {
      std::string_view raw;
      bool has_escape = false;
      if (!string(raw, has_escape)) return false;
      if (has_escape) {
        const std::size_t at = event_.unescaped.size();
        append_unescaped(event_.unescaped, raw);
        raw = std::string_view(event_.unescaped).substr(at);
      }
      event_.add_leaf(path, scope, Leaf::Kind::string, raw);
      return true;
    }
    const char* start = p_;
    const Leaf::Kind kind = *p_ == 't'   ? Leaf::Kind::true_value
                            : *p_ == 'f' ? Leaf::Kind::false_value
                            : *p_ == 'n' ? Leaf::Kind::null_value
                                         : Leaf::Kind::number;
    if (!scalar()) return false;
    event_.add_leaf(path, scope, kind, {start, static_cast<std::size_t>(p_ - start)});
    return true;
  }

  // At a quote. `raw`: between the quotes.
  bool string(std::string_view& raw, bool& has_escape) {
    const char* start = ++p_;
    has_escape = false;
    for (; p_ != end_ && *p_ != '"'; ++p_) {
      if (static_cast<unsigned char>(*p_) < 0x20) return refuse("a control character must be escaped");
      if (*p_ == '\\') {
        has_escape = true;
        if (++p_ == end_) break;
      }
    }
    if (p_ == end_) return refuse("a string does not end");
    raw = {start, static_cast<std::size_t>(p_ - start)};
    if (has_escape) {
      const std::size_t bad = find_bad_escape(raw);
      if (bad != std::string_view::npos) {
        p_ = start + bad;
        return refuse("not an escape");
      }
    }
    ++p_;
    return true;
  }

  bool literal(std::string_view word) {
    if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(word)) return refuse("not a JSON value");
    p_ += word.size();
    return true;
  }

  bool scalar() {
    switch (*p_) {
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        break;
    }
    const char* end = skip_number(p_, end_);
    if (end == nullptr) return refuse("not a JSON value");
    p_ = end;
    return true;
  }

  bool skip_value() {
    if (p_ == end_) return refuse("a value is missing");
    if (*p_ == '{' || *p_ == '[') return skip_container();
    if (*p_ != '"') return scalar();
    std::string_view raw;
    bool has_escape = false;
    return string(raw, has_escape);
  }

  // At '{' or '['. Any depth: the open ones are remembered by one character each.
  bool skip_container() {
    std::string& open = event_.nesting;
    open.clear();
    bool expects_element = false;  // after a comma
    bool is_first = true;          // nothing since the opening
    open.push_back(*p_++);
    while (!open.empty()) {
      skip_space();
      if (p_ == end_) return refuse("the event ends too early");
      const char closing = open.back() == '{' ? '}' : ']';
      if (*p_ == closing && !expects_element) {
        ++p_;
        open.pop_back();
        is_first = false;
        continue;
      }
      if (!is_first && !expects_element) {
        if (!take(',')) return refuse("a comma or a closing bracket must follow");
        expects_element = true;
        continue;
      }
      if (open.back() == '{' && !skip_key()) return false;
      expects_element = false;
      is_first = false;
      if (p_ == end_) return refuse("a value is missing");
      if (*p_ == '{' || *p_ == '[') {
        open.push_back(*p_++);
        is_first = true;
      } else if (!skip_value()) {
        return false;
      }
    }
    return true;
  }

  bool skip_key() {
    if (*p_ != '"') return refuse("a key must be a string");
    if (!skip_value()) return false;
    skip_space();
    if (!take(':')) return refuse("a colon must follow the key");
    skip_space();
    return true;
  }

  const RuleSet& rules_;
  Event& event_;
  const char* begin_;
  const char* p_;
  const char* end_;
  EventFault fault_;
};

}  // namespace

EventFault scan(const RuleSet& rules, std::string_view text, Event& event) {
  event.begin(rules, text.size());
  if (!is_valid_utf8(text)) return {"not UTF-8", 0};
  return Scanner(rules, text, event).run();
}

}  // namespace tocsin::pattern
