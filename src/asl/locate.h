// Where in a definition's text a diagnostic points, for tools that show line and column.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "asl/asl.h"

namespace tocsin::asl {

struct Position {
  std::size_t offset = 0;            // in bytes
  std::size_t line = 1, column = 1;  // column in characters
};

// Places in one text, for many questions: each object of the text is read once, when the first place below it is asked
// for. Not for several threads at once.
class Locator {
 public:
  explicit Locator(std::string text);
  ~Locator();
  Locator(const Locator&) = delete;
  Locator& operator=(const Locator&) = delete;

  // The place of a Diagnostic's location ("/States/A/Choices[0]/Next"): the member's key, or the beginning of the
  // array's element. As far as the location leads: a missing field is shown at the object that misses it. The text must
  // be valid JSON.
  Position at(std::string_view location) const;
  // The same for a whole diagnostic of the text: where it is not valid JSON, the byte that is wrong; for a duplicate
  // key, its second place.
  Position at(const Diagnostic& diagnostic) const;

 private:
  class Walker;
  struct Lines;
  struct Member {
    std::size_t key, value;  // offsets
  };
  using Members = std::unordered_map<std::string, Member>;
  const Members& members(std::size_t object) const;
  const std::vector<std::size_t>& elements(std::size_t array) const;
  bool descend(std::string_view& location, std::size_t& value, std::size_t& found) const;

  std::string text_;
  std::unique_ptr<const Lines> lines_;
  mutable std::unordered_map<std::size_t, Members> objects_;
  mutable std::unordered_map<std::size_t, std::vector<std::size_t>> arrays_;
  mutable std::optional<std::optional<std::size_t>> wrong_, twice_;  // bytes: not JSON; a key's second place
};

// For one question.
Position locate(std::string_view text, std::string_view location);
Position locate(std::string_view text, const Diagnostic& diagnostic);

// A diagnostic's location, with the field that its message names where the location is only the object around it
// ("Field 'X' is not supported").
std::string pointed_at(const Diagnostic& diagnostic);

// Line and column of a byte of `text`.
Position position_at(std::string_view text, std::size_t offset);

}  // namespace tocsin::asl
