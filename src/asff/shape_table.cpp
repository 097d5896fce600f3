#include "asff/detail/shape_table.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "asff/detail/shape_text.h"
#include "core/check.h"
#include "core/json.h"

namespace tocsin::asff::detail {
namespace {

// The length and the first and last eight bytes tell the names of a structure apart well enough.
std::size_t hash_of(std::string_view name) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  const std::size_t n = name.size() < 8 ? name.size() : 8;
  std::memcpy(&head, name.data(), n);
  std::memcpy(&tail, name.data() + name.size() - n, n);
  std::uint64_t hash = (head ^ (name.size() * 0x9E3779B97F4A7C15U)) * 0xff51afd7ed558ccdU;
  hash ^= hash >> 32;
  hash = (hash ^ tail) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 29);
}

Kind kind_from(std::string_view text) {
  static constexpr std::string_view names[] = {"structure", "list", "map", "string", "integer", "number", "boolean"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (names[i] == text) return static_cast<Kind>(i);
  }
  check(false, "models/asff.json: known kinds only");
  return Kind::structure;
}

Format format_from(std::string_view text) {
  static constexpr std::string_view names[] = {"", "non_blank", "timestamp", "account", "finding_type"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (names[i] == text) return static_cast<Format>(i);
  }
  check(false, "models/asff.json: known formats only");
  return Format::any;
}

}  // namespace

const Member* Shape::member(std::string_view wanted) const {
  if (slots.empty() || wanted.empty()) return nullptr;
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = hash_of(wanted) & mask; !slots[i].name.empty(); i = (i + 1) & mask) {
    if (slots[i].name == wanted) return &slots[i];
  }
  return nullptr;
}

struct ShapeTable::Reader {
  ShapeTable& table;
  std::unordered_map<std::string_view, ShapeIndex> index = {};

  std::string_view keep(std::string_view text) { return table.names_.emplace_back(text); }
  ShapeIndex named(std::string_view name) const {
    const auto found = index.find(name);
    check(found != index.end(), "models/asff.json: every shape that is named is there");
    return found->second;
  }

  void read_members(Shape& shape, const json::object& members) {
    shape.slots.resize(std::bit_ceil(members.size() * 2 + 1));
    const std::size_t mask = shape.slots.size() - 1;
    for (const auto& [name, target] : members) {
      const auto kept = keep(name);
      std::size_t i = hash_of(kept) & mask;
      while (!shape.slots[i].name.empty()) i = (i + 1) & mask;
      shape.slots[i] = {.name = kept, .shape = named(target.get_string())};
      for (std::size_t r = 0; r < shape.required.size(); ++r) {
        if (shape.required[r] == kept) shape.slots[i].required = std::uint64_t{1} << r;
      }
      shape.required_bits |= shape.slots[i].required;
    }
  }

  void read_shape(Shape& shape, const json::object& text) {
    shape.kind = kind_from(string_at(text, "kind"));
    shape.format = format_from(string_at(text, "format"));
    shape.min = integer_at(text, "min", shape.min);
    shape.max = integer_at(text, "max", shape.max);
    if (text.contains("key")) shape.key = named(string_at(text, "key"));
    if (text.contains("of")) shape.of = named(string_at(text, "of"));
    if (const auto* values = text.if_contains("enum")) {
      for (const auto& value : values->get_array()) shape.enumeration.push_back(keep(value.get_string()));
    }
    if (const auto* names = text.if_contains("required")) {
      for (const auto& name : names->get_array()) shape.required.push_back(keep(name.get_string()));
      check(shape.required.size() <= 64, "models/asff.json: at most 64 required members");
    }
    if (const auto* members = text.if_contains("members")) read_members(shape, members->get_object());
  }
};

// The file is the project's own and its test reads every shape: what is wrong in it is a broken invariant.
ShapeTable::ShapeTable() {
  const auto document = parse_json_object(shape_text());
  check(document.has_value(), "models/asff.json is a JSON object");
  const auto& shapes = document->at("shapes").get_object();
  std::size_t names = 1;
  for (const auto& [name, shape] : shapes) {
    ++names;
    for (const char* list : {"enum", "required"}) {
      if (const auto* entries = find(shape, list)) names += entries->get_array().size();
    }
    if (const auto* members = find(shape, "members")) names += members->get_object().size();
  }
  names_.reserve(names);
  shapes_.resize(shapes.size());

  Reader reader{*this};
  ShapeIndex next = 0;
  for (const auto& [name, shape] : shapes) {
    shapes_[next].name = reader.keep(name);
    reader.index.emplace(shapes_[next].name, next);
    ++next;
  }
  next = 0;
  for (const auto& [name, shape] : shapes) reader.read_shape(shapes_[next++], shape.get_object());
  root_ = reader.named(string_at(*document, "root"));
  check(names_.size() <= names, "names are counted before they are kept");
}

const ShapeTable& shape_table() {
  static const ShapeTable table;
  return table;
}

}  // namespace tocsin::asff::detail
