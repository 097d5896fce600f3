#include "pattern/detail/json_tree.h"

#include <fmt/format.h>

#include "pattern/detail/number.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

class Reader {
 public:
  Reader(std::string_view text, JsonFault& fault) : text_(text), fault_(fault) {}

  bool document(JsonNode& root) {
    skip_space();
    if (at_ == text_.size()) return refuse("No content to map due to end-of-input");
    if (!value(root, 0)) return false;
    skip_space();
    return at_ == text_.size() || refuse("Unexpected bytes after the closing brace");
  }

 private:
  bool refuse(std::string reason) {
    fault_ = {at_, std::move(reason)};
    return false;
  }
  bool refuse_here(std::string_view expected) {
    if (at_ >= text_.size()) return refuse(fmt::format("Unexpected end-of-input: expected {}", expected));
    const char c = text_[at_];
    if (c >= 0x20 && c < 0x7F) {
      return refuse(fmt::format("Unexpected character ('{}' (code {})): expected {}", c, int{c}, expected));
    }
    return refuse(fmt::format("Unexpected character (code {}): expected {}", static_cast<unsigned char>(c), expected));
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool value(JsonNode& node, int depth) {
    if (depth > pattern_nesting_max) return refuse("Nested too deeply");
    if (at_ >= text_.size()) return refuse_here("a value");
    node.begin = at_;
    if (!value_of_kind(node, depth)) return false;
    node.end = at_;
    return true;
  }

  bool value_of_kind(JsonNode& node, int depth) {
    switch (text_[at_]) {
      case '{':
        node.kind = JsonNode::Kind::object;
        return object(node, depth);
      case '[':
        node.kind = JsonNode::Kind::array;
        return array(node, depth);
      case '"':
        node.kind = JsonNode::Kind::string;
        return string(node.text);
      case 't':
        return literal(node, "true", JsonNode::Kind::true_value);
      case 'f':
        return literal(node, "false", JsonNode::Kind::false_value);
      case 'n':
        return literal(node, "null", JsonNode::Kind::null_value);
      default:
        return number(node);
    }
  }

  bool literal(JsonNode& node, std::string_view word, JsonNode::Kind kind) {
    if (!text_.substr(at_).starts_with(word))
      return refuse_here("JSON String, Number, Array, Object or token 'null', 'true' or 'false'");
    at_ += word.size();
    node.kind = kind;
    return true;
  }

  bool number(JsonNode& node) {
    const char* end = skip_number(text_.data() + at_, text_.data() + text_.size());
    if (end == nullptr) return refuse_here("JSON String, Number, Array, Object or token 'null', 'true' or 'false'");
    node.kind = JsonNode::Kind::number;
    node.text.assign(text_.data() + at_, end);
    at_ += node.text.size();
    return true;
  }

  bool string(std::string& out) {
    ++at_;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) {
        return refuse("Illegal unquoted character: has to be escaped using backslash to be included in a string");
      }
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return refuse("Unexpected end-of-input in a string");
    }
    const std::string_view raw = text_.substr(begin, at_ - begin);
    if (const std::size_t bad = find_bad_escape(raw); bad != std::string_view::npos) {
      at_ = begin + bad;
      return refuse("Unrecognized character escape");
    }
    append_unescaped(out, raw);
    ++at_;
    return true;
  }

  bool array(JsonNode& node, int depth) {
    ++at_;
    skip_space();
    if (take(']')) return true;
    while (true) {
      skip_space();
      if (!value(node.items.emplace_back(), depth + 1)) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return refuse_here("comma to separate Array entries");
    }
  }

  bool object(JsonNode& node, int depth) {
    ++at_;
    skip_space();
    if (take('}')) return true;
    while (true) {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '"') return refuse_here("double-quote to start field name");
      if (!string(node.keys.emplace_back())) return false;
      skip_space();
      if (!take(':')) return refuse_here("a colon to separate field name and value");
      skip_space();
      if (!value(node.items.emplace_back(), depth + 1)) return false;
      skip_space();
      if (take('}')) return true;
      if (!take(',')) return refuse_here("comma to separate Object entries");
    }
  }

  std::string_view text_;
  JsonFault& fault_;
  std::size_t at_ = 0;
};

}  // namespace

bool read_json_tree(std::string_view text, JsonNode& root, JsonFault& fault) {
  if (!is_valid_utf8(text)) {
    fault = {0, "Invalid UTF-8"};
    return false;
  }
  return Reader(text, fault).document(root);
}

}  // namespace tocsin::pattern
