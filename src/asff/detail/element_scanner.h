// Cuts a stream of bytes into JSON objects: the elements of arrays at the top and of the lists "Findings", "Records"
// and "Messages" of an object at the top, one object after the other, one a line. Memory is bounded by one element.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asff/recognise.h"

namespace tocsin::asff::detail {

struct Element {
  Position position;
  std::string text;   // one JSON object, as far as its braces tell
  std::string fault;  // not empty: what stands here in an object's place
};

// The grammar that it walks; a wrapper is an object whose list of findings is being read.
//
//   between ──{──► element ──}──► between          element "Findings": [ ──► between (inside a wrapper)
//      │ ▲            │                                     wrapper ──}──► between
//      └─┴── [ ] ,    └─ too large ──► element, not kept
class ElementScanner {
 public:
  void feed(std::string_view bytes, std::vector<Element>& out);
  void finish(std::vector<Element>& out);
  std::uint64_t bytes_seen() const { return here_.byte; }

 private:
  enum class State : std::uint8_t { between, element, wrapper, garbage };
  enum class Frame : std::uint8_t { array, wrapper };

  void step(char c, std::vector<Element>& out);
  void between(char c, std::vector<Element>& out);
  void garbage(char c);
  void element(char c, std::vector<Element>& out);
  bool in_text(char c);
  void begin_element();
  void end_element(std::vector<Element>& out);
  void enter_list();
  void close_list();
  void fault(Position at, std::string reason, std::vector<Element>& out);
  void keep(char c);
  void keep_run(std::string_view run);
  void drop_kept();
  std::size_t plain_text(std::string_view bytes) const;
  bool breaks_off(char c) const;

  Position here_;
  std::uint64_t line_start_ = 0;  // the byte that here_.line begins with
  Position start_;                // of the element being read
  std::string kept_;              // its text so far; of a wrapper nothing
  std::string name_;              // the last member name at the element's own level, while it is short
  std::vector<Frame> frames_;     // the lists that stand open
  std::size_t depth_ = 0;         // of braces and brackets in the element
  State state_ = State::between;
  bool in_text_ = false;
  bool escaped_ = false;
  bool naming_ = false;    // the text being read is at the element's own level and may be a name
  bool at_value_ = false;  // a colon has just followed name_
  bool too_large_ = false;
  bool starts_line_ = false;  // the element begins at the first column
};

}  // namespace tocsin::asff::detail
