#include "asl/locate.h"

#include <algorithm>

#include "asl/detail/duplicate_keys.h"
#include "core/json.h"
#include "core/json_error.h"

namespace tocsin::asl {

// Walks over valid JSON text without building documents.
class Locator::Walker {
 public:
  Walker(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  std::size_t at() const { return at_; }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() { ++at_; }

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

  // To the next member or element, or the end.
  void next() {
    skip_value();
    blanks();
    if (here() == ',') ++at_;
    blanks();
  }

 private:
  std::string_view text_;
  std::size_t at_;
};

// Where lines begin, and how many characters lie before every block of bytes: a column is a difference of two counts.
struct Locator::Lines {
  static constexpr std::size_t block = 1024;

  explicit Lines(std::string_view whole_text) : text(whole_text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i % block == 0) before.push_back(count);
      count += (text[i] & 0xC0) != 0x80;
      if (text[i] == '\n') starts.push_back(i + 1);
    }
    before.push_back(count);
  }

  std::size_t characters(std::size_t offset) const {
    const auto blocks = std::min(offset / block, before.size() - 1);
    std::size_t count = before[blocks];
    for (std::size_t i = blocks * block; i < offset && i < text.size(); ++i) count += (text[i] & 0xC0) != 0x80;
    return count;
  }

  Position position(std::size_t offset) const {
    offset = std::min(offset, text.size());
    const auto line = static_cast<std::size_t>(std::ranges::upper_bound(starts, offset) - starts.begin());
    return {.offset = offset, .line = line, .column = characters(offset) - characters(starts[line - 1]) + 1};
  }

  std::string_view text;
  std::vector<std::size_t> starts{0};
  std::vector<std::size_t> before;
};

Locator::Locator(std::string text) : text_{std::move(text)}, lines_{std::make_unique<const Lines>(text_)} {}
Locator::~Locator() = default;

const Locator::Members& Locator::members(std::size_t object) const {
  const auto [found, fresh] = objects_.try_emplace(object);
  if (!fresh) return found->second;
  Walker walker(text_, object + 1);
  for (walker.blanks(); walker.here() == '"';) {
    const auto key = walker.at();
    walker.skip_string();
    const auto decoded = parse_json(std::string_view(text_).substr(key, walker.at() - key));
    walker.blanks();
    walker.step();  // ':'
    walker.blanks();
    if (decoded && decoded->is_string())
      found->second.try_emplace(std::string(std::string_view(decoded->get_string())), Member{key, walker.at()});
    walker.next();
  }
  return found->second;
}

const std::vector<std::size_t>& Locator::elements(std::size_t array) const {
  const auto [found, fresh] = arrays_.try_emplace(array);
  if (!fresh) return found->second;
  Walker walker(text_, array + 1);
  for (walker.blanks(); walker.here() != ']' && walker.here() != '\0'; walker.next())
    found->second.push_back(walker.at());
  return found->second;
}

// One step: to the member with the longest key that fits (a name may hold '/' and '[' itself), or to the element.
bool Locator::descend(std::string_view& location, std::size_t& value, std::size_t& found) const {
  if (location.empty() || location == "/" || value >= text_.size()) return false;
  if (text_[value] == '{' && location[0] == '/') {
    const auto& known = members(value);
    for (auto end = location.size(); end != location.npos && end > 0;
         end = end > 1 ? location.find_last_of("/[", end - 1) : location.npos) {
      const auto member = known.find(std::string(location.substr(1, end - 1)));
      if (member == known.end()) continue;
      location.remove_prefix(end);
      found = member->second.key;
      value = member->second.value;
      return true;
    }
    return false;
  }
  const auto close = location.find(']');
  if (text_[value] != '[' || location[0] != '[' || close == location.npos || close > 8) return false;
  std::size_t index = 0;
  for (const char c : location.substr(1, close - 1)) index = index * 10 + static_cast<std::size_t>(c - '0');
  const auto& known = elements(value);
  if (index >= known.size()) return false;
  location.remove_prefix(close + 1);
  found = value = known[index];
  return true;
}

Position Locator::at(std::string_view location) const {
  Walker start(text_, 0);
  start.blanks();
  std::size_t found = start.at(), value = found;
  while (descend(location, value, found)) {
  }
  return lines_->position(found);
}

Position Locator::at(const Diagnostic& diagnostic) const {
  if (!wrong_) wrong_ = json_error_at(text_);
  if (*wrong_) return lines_->position(**wrong_);
  const auto location = diagnostic.location.value_or("/");
  if (location == "/" && (diagnostic.code == "INVALID_JSON_DESCRIPTION" || diagnostic.code == "DUPLICATE_STATE_NAME")) {
    if (!twice_) {
      const auto twice = find_duplicate_key(text_);
      twice_ = twice ? std::optional(twice->offset) : std::nullopt;
    }
    if (*twice_) return lines_->position(**twice_);
  }
  return at(pointed_at(diagnostic));
}

Position locate(std::string_view text, std::string_view location) {
  return Locator(std::string(text)).at(location);
}

Position locate(std::string_view text, const Diagnostic& diagnostic) {
  return Locator(std::string(text)).at(diagnostic);
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
