#include "asl/locate.h"

#include <algorithm>
#include <string>

#include "asl/detail/duplicate_keys.h"
#include "core/json.h"
#include "core/json_error.h"

namespace tocsin::asl {
namespace {

// Walks over valid JSON text without building documents.
class Walker {
 public:
  Walker(std::string_view text, std::string_view location) : text_(text), rest_(location) {}

  std::size_t find() {
    blanks();
    found_ = at_;
    while (descend()) {
    }
    return found_;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }

  void skip_value() {
    std::size_t open = 0;
    do {
      blanks();
      if (at_ >= text_.size()) return;
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else {
        if (c == '{' || c == '[')
          ++open;
        else if (c == '}' || c == ']')
          --open;
        ++at_;
        const bool scalar = open == 0 && c != '}' && c != ']';
        while (scalar && at_ < text_.size() &&
               std::string_view(",]} \n\r\t").find(text_[at_]) == std::string_view::npos)
          ++at_;
      }
      blanks();
    } while (open > 0);
  }

  // Whether the rest of the location begins with this key; a name may hold '/' and '[' itself.
  bool follows(std::string_view key) const {
    if (!rest_.starts_with('/') || !rest_.substr(1).starts_with(key)) return false;
    const auto behind = rest_.substr(1 + key.size());
    return behind.empty() || behind[0] == '/' || behind[0] == '[';
  }

  bool descend() {
    if (rest_.empty() || rest_ == "/" || at_ >= text_.size()) return false;
    if (text_[at_] == '{') return into_member();
    if (text_[at_] == '[' && rest_[0] == '[') return into_element();
    return false;
  }

  // To the value of the member with the longest key that fits.
  bool into_member() {
    std::size_t best = 0, best_key = 0, best_value = 0;
    bool any = false;
    ++at_;
    for (blanks(); at_ < text_.size() && text_[at_] == '"'; blanks()) {
      const auto start = at_;
      skip_string();
      const auto decoded = parse_json(text_.substr(start, at_ - start));
      const std::string key =
          decoded && decoded->is_string() ? std::string(std::string_view(decoded->get_string())) : "";
      blanks();
      ++at_;  // ':'
      blanks();
      if (follows(key) && (!any || key.size() > best)) {
        any = true;
        best = key.size();
        best_key = start;
        best_value = at_;
      }
      skip_value();
      blanks();
      if (at_ < text_.size() && text_[at_] == ',') ++at_;
    }
    if (!any) return false;
    rest_.remove_prefix(1 + best);
    found_ = best_key;
    at_ = best_value;
    return true;
  }

  bool into_element() {
    const auto close = rest_.find(']');
    if (close == rest_.npos || close > 8) return false;
    std::size_t index = 0;
    for (const char c : rest_.substr(1, close - 1)) index = index * 10 + static_cast<std::size_t>(c - '0');
    ++at_;
    blanks();
    for (; index > 0 && at_ < text_.size() && text_[at_] != ']'; --index) {
      skip_value();
      if (at_ < text_.size() && text_[at_] == ',') ++at_;
      blanks();
    }
    if (index > 0 || at_ >= text_.size() || text_[at_] == ']') return false;
    rest_.remove_prefix(close + 1);
    found_ = at_;
    return true;
  }

  std::string_view text_;
  std::string_view rest_;
  std::size_t at_ = 0;
  std::size_t found_ = 0;
};

}  // namespace

Position locate(std::string_view text, std::string_view location) {
  return position_at(text, Walker(text, location).find());
}

Position locate(std::string_view text, const Diagnostic& diagnostic) {
  if (const auto wrong = json_error_at(text)) return position_at(text, *wrong);
  const auto location = diagnostic.location.value_or("/");
  if (location == "/")
    if (const auto twice = find_duplicate_key(text);
        twice && (diagnostic.code == "INVALID_JSON_DESCRIPTION" || diagnostic.code == "DUPLICATE_STATE_NAME"))
      return position_at(text, twice->offset);
  return locate(text, pointed_at(diagnostic));
}

std::string pointed_at(const Diagnostic& diagnostic) {
  auto location = diagnostic.location.value_or("/");
  constexpr std::string_view begin = "Field '", end = "' is not supported";
  const std::string_view message = diagnostic.message;
  const auto close = message.find(end);
  if (!message.starts_with(begin) || close == message.npos) return location;
  if (location == "/") location.clear();
  return location + "/" + std::string(message.substr(begin.size(), close - begin.size()));
}

Position position_at(std::string_view text, std::size_t offset) {
  Position position;
  position.offset = std::min(offset, text.size());
  for (const char c : text.substr(0, position.offset)) {
    if (c == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((c & 0xC0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

}  // namespace tocsin::asl
