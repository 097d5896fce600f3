// AWS's query protocol: nested values are flattened into names with dots. Source: Smithy, "AWS query protocol".
//
//   TopicArn=…                              a member
//   Tags.member.1.Key=…                     a list of structures;  flattened: Tag.1.Key=…
//   Attributes.entry.1.key=…, .value=…      a map;                 flattened: Attribute.1.Name=…, .Value=…
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "api/input.h"

namespace tocsin::api {
namespace {

struct Node {
  const std::string* text = nullptr;
  std::map<std::string, Node, std::less<>> children;

  const Node* child(std::string_view name) const {
    const auto found = children.find(name);
    return found == children.end() ? nullptr : &found->second;
  }
};

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "MalformedInput");
}

Result<Node> make_tree(const Parameters& form) {
  Node root;
  for (const auto& [name, value] : form) {
    Node* node = &root;
    std::size_t depth = 0;
    for (std::size_t at = 0; at <= name.size();) {
      if (++depth > json_depth_max) return malformed("a parameter's name has too many parts");
      const auto end = std::min(name.find('.', at), name.size());
      node = &node->children[name.substr(at, end - at)];
      at = end + 1;
    }
    if (node->text == nullptr) node->text = &value;
  }
  return root;
}

// The children named 1, 2, 3…, in the order of their numbers; gaps are fine.
Result<std::vector<const Node*>> numbered(const Node& node) {
  std::vector<std::pair<unsigned, const Node*>> found;
  for (const auto& [name, child] : node.children) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size())
      return malformed(fmt::format("'{}' is no index of a list", name.substr(0, 100)));
    found.emplace_back(number, &child);
  }
  std::ranges::sort(found, {}, &std::pair<unsigned, const Node*>::first);
  std::vector<const Node*> out;
  for (const auto& [number, child] : found) out.push_back(child);
  return out;
}

class QueryDecoder {
 public:
  Result<json::value> structure(const Node& node, const Shape& shape) {
    json::object out;
    for (const auto& member : shape.members) {
      auto decoded = member_of(node, member);
      if (!decoded) return pass_on(decoded);
      if (!decoded->is_null()) out[member.name] = std::move(*decoded);
    }
    return json::value(std::move(out));
  }

 private:
  // A flattened list takes the name of its elements, if they have one, in place of its own.
  static std::string_view name_of(const Member& member) {
    const Shape& shape = *member.shape;
    const bool flattened = member.flattened || shape.flattened;
    if (shape.type == Type::list && flattened && shape.element.has_wire_name) return shape.element.wire_name;
    return member.wire_name;
  }

  // Null: absent.
  Result<json::value> member_of(const Node& node, const Member& member) {
    const Node* child = node.child(name_of(member));
    if (child == nullptr) return json::value();
    return value_of(*child, member);
  }

  Result<json::value> value_of(const Node& node, const Member& member) {
    const Shape& shape = *member.shape;
    const bool flattened = member.flattened || shape.flattened;
    switch (shape.type) {
      case Type::structure:
        return structure(node, shape);
      case Type::list:
        return list(node, shape, flattened);
      case Type::map:
        return map(node, shape, flattened);
      default:
        break;
    }
    if (node.text == nullptr) return malformed(fmt::format("{} is no structure", member.wire_name));
    auto decoded = decode_text(*node.text, member, "iso8601");
    if (!decoded) return malformed(fmt::format("{}: {}", member.wire_name, decoded.error().message));
    return decoded;
  }

  Result<json::value> list(const Node& node, const Shape& shape, bool flattened) {
    const Node* elements =
        flattened ? &node
                  : node.child(shape.element.has_wire_name ? shape.element.wire_name : std::string_view("member"));
    json::array out;
    if (elements == nullptr) return json::value(std::move(out));  // "Names=": an empty list
    auto found = numbered(*elements);
    if (!found) return pass_on(found);
    for (const Node* element : *found) {
      auto decoded = value_of(*element, shape.element);
      if (!decoded) return decoded;
      out.push_back(std::move(*decoded));
    }
    return json::value(std::move(out));
  }

  Result<json::value> map(const Node& node, const Shape& shape, bool flattened) {
    const Node* entries = flattened ? &node : node.child("entry");
    json::object out;
    if (entries == nullptr) return json::value(std::move(out));
    auto found = numbered(*entries);
    if (!found) return pass_on(found);
    const std::string_view key_name = shape.key.has_wire_name ? std::string_view(shape.key.wire_name) : "key";
    const std::string_view value_name = shape.value.has_wire_name ? std::string_view(shape.value.wire_name) : "value";
    for (const Node* entry : *found) {
      const Node* key = entry->child(key_name);
      const Node* value = entry->child(value_name);
      if (key == nullptr || key->text == nullptr || value == nullptr)
        return malformed(fmt::format("an entry of a map needs {} and {}", key_name, value_name));
      auto decoded = value_of(*value, shape.value);
      if (!decoded) return decoded;
      out.insert_or_assign(*key->text, std::move(*decoded));
    }
    return json::value(std::move(out));
  }
};

}  // namespace

Result<json::object> decode_query(const Parameters& form, const Shape& shape) {
  for (const auto& [name, value] : form)
    if (!is_valid_utf8(name) || !is_valid_utf8(value)) return malformed("a parameter is not valid UTF-8");
  auto tree = make_tree(form);
  if (!tree) return pass_on(tree);
  auto decoded = QueryDecoder{}.structure(*tree, shape);
  if (!decoded) return pass_on(decoded);
  return std::move(decoded->get_object());
}

}  // namespace tocsin::api
