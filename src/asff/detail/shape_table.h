// The shape of a finding as a table: read once from models/asff.json, then looked up without allocation.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::asff::detail {

enum class Kind : std::uint8_t { structure, list, map, string, integer, number, boolean };
// What a string must look like beyond its length.
enum class Format : std::uint8_t { any, non_blank, timestamp, account, finding_type };

using ShapeIndex = std::uint16_t;

struct Member {
  std::string_view name;  // empty: an unused slot
  ShapeIndex shape = 0;
  std::uint64_t required = 0;  // this member's bit in Shape::required_bits
};

struct Shape {
  std::string_view name;  // as in models/asff.json, for tests and messages
  Kind kind = Kind::structure;
  Format format = Format::any;
  ShapeIndex key = 0;  // of a map's keys
  ShapeIndex of = 0;   // of a list's elements, a map's values
  // Characters, items, pairs, or the number itself.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string_view> enumeration;
  std::vector<std::string_view> required;  // bit i of required_bits is required[i]
  std::uint64_t required_bits = 0;
  std::vector<Member> slots;  // of a structure: open addressing, a power of two of them

  // Null: the structure has no such member.
  const Member* member(std::string_view name) const;
};

class ShapeTable {
 public:
  ShapeTable();
  ShapeTable(const ShapeTable&) = delete;
  ShapeTable& operator=(const ShapeTable&) = delete;

  const Shape& root() const { return shapes_[root_]; }
  const Shape& at(ShapeIndex index) const { return shapes_[index]; }
  const std::vector<Shape>& all() const { return shapes_; }

 private:
  struct Reader;
  std::vector<std::string> names_;  // what the views in shapes_ point into; never grows after construction
  std::vector<Shape> shapes_;
  ShapeIndex root_ = 0;
};

// The one table. Built at the first call; immutable after.
const ShapeTable& shape_table();

}  // namespace tocsin::asff::detail
