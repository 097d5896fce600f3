#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "templates/templates.h"

namespace tocsin::templates {
namespace {

constexpr std::size_t template_bytes_max = 1u << 20;  // CloudFormation's own limit for templates from S3
constexpr std::size_t nodes_max = 100'000;            // bounds what aliases can blow up to
constexpr int depth_max = 64;

struct Reading {
  std::size_t nodes = 0;
};

std::unexpected<Error> at(const YAML::Mark& mark, std::string_view what) {
  return fail(ErrorCode::validation, fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, what),
              "ValidationError");
}

// A plain scalar's value in YAML's core schema, kept as text where a number's spelling would be lost ("012", "1e3",
// versions).
json::value plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::int64_t whole = 0;
  const char* end = text.data() + text.size();
  if (auto read = std::from_chars(text.data(), end, whole);
      read.ec == std::errc{} && read.ptr == end && std::to_string(whole) == text)
    return whole;
  double number = 0;
  const bool digits_only = text.find_first_not_of("0123456789.-") == text.npos && text.find('.') != text.npos;
  if (auto read = std::from_chars(text.data(), end, number); digits_only && read.ec == std::errc{} && read.ptr == end)
    return number;
  return json::value(text);
}

// "!GetAtt a.b" → {"Fn::GetAtt": ["a", "b"]}, "!Ref x" → {"Ref": "x"}, "!X …" → {"Fn::X": …}.
json::value long_form(std::string_view tag, json::value argument) {
  const std::string name = tag == "Ref" || tag == "Condition" ? std::string(tag) : fmt::format("Fn::{}", tag);
  if (tag == "GetAtt" && argument.is_string()) {
    const std::string_view text = argument.get_string();
    const auto dot = text.find('.');
    if (dot != text.npos) argument = json::array{text.substr(0, dot), text.substr(dot + 1)};
  }
  return json::object{{name, std::move(argument)}};
}

Result<json::value> convert(const YAML::Node& node, Reading& reading, int depth);

Result<json::value> convert_map(const YAML::Node& node, Reading& reading, int depth) {
  json::object object;
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) return at(pair.first.Mark(), "a key must be a plain word");
    const std::string& key = pair.first.Scalar();
    if (object.contains(key)) return at(pair.first.Mark(), fmt::format("the key '{}' stands here twice", key));
    auto member = convert(pair.second, reading, depth + 1);
    if (!member) return member;
    object.emplace(key, std::move(*member));
  }
  return json::value(std::move(object));
}

Result<json::value> convert_untagged(const YAML::Node& node, Reading& reading, int depth) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return node.Tag() == "?" || node.Tag().empty() ? plain_scalar(node.Scalar()) : json::value(node.Scalar());
    case YAML::NodeType::Sequence: {
      json::array array;
      for (const auto& element : node) {
        auto value = convert(element, reading, depth + 1);
        if (!value) return value;
        array.push_back(std::move(*value));
      }
      return json::value(std::move(array));
    }
    case YAML::NodeType::Map:
      return convert_map(node, reading, depth);
    default:
      return json::value(nullptr);
  }
}

Result<json::value> convert(const YAML::Node& node, Reading& reading, int depth) {
  if (depth > depth_max) return at(node.Mark(), fmt::format("nested deeper than {}", depth_max));
  if (++reading.nodes > nodes_max) return at(node.Mark(), "the template is too large");
  const std::string& tag = node.Tag();
  const bool function = tag.size() > 1 && tag[0] == '!' && tag[1] != '!';
  if (!function) return convert_untagged(node, reading, depth);
  auto argument =
      node.IsScalar() ? Result<json::value>{json::value(node.Scalar())} : convert_untagged(node, reading, depth);
  if (!argument) return argument;
  return long_form(std::string_view(tag).substr(1), std::move(*argument));
}

Result<json::value> read_yaml(std::string_view text) {
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    Reading reading;
    return convert(root, reading, 0);
  } catch (const YAML::Exception& thrown) {
    return at(thrown.mark, thrown.msg);
  }
}

Result<json::object> section(const json::object& document, std::string_view name) {
  const auto* value = document.if_contains(name);
  if (!value) return json::object{};
  if (!value->is_object())
    return fail(ErrorCode::validation, fmt::format("'{}' must be a map", name), "ValidationError", std::string(name));
  return value->get_object();
}

Result<void> check_resources(const json::object& resources) {
  if (resources.empty())
    return fail(ErrorCode::validation, "Template format error: At least one Resources member must be defined.",
                "ValidationError", "Resources");
  for (const auto& [id, resource] : resources) {
    const std::string path = fmt::format("Resources.{}", std::string_view(id));
    const auto* type = find(resource, "Type");
    if (!type || !type->is_string())
      return fail(ErrorCode::validation, fmt::format("{}: every resource needs a Type", path), "ValidationError", path);
    const auto* properties = find(resource, "Properties");
    if (properties && !properties->is_object())
      return fail(ErrorCode::validation, fmt::format("{}.Properties must be a map", path), "ValidationError",
                  path + ".Properties");
  }
  return {};
}

}  // namespace

Result<json::value> read_document(std::string_view text) {
  if (text.size() > template_bytes_max)
    return fail(ErrorCode::validation, "the template is larger than 1 MB", "ValidationError");
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '{' ? parse_json(text) : read_yaml(text);
}

Result<Template> read(std::string_view text) {
  auto document = read_document(text);
  if (!document) return pass_on(document);
  if (!document->is_object()) return fail(ErrorCode::validation, "a template must be a map", "ValidationError");
  const json::object& root = document->get_object();
  constexpr std::string_view known[] = {"AWSTemplateFormatVersion",
                                        "Description",
                                        "Metadata",
                                        "Parameters",
                                        "Mappings",
                                        "Conditions",
                                        "Resources",
                                        "Outputs",
                                        "Rules",
                                        "Transform"};
  for (const auto& member : root) {
    const std::string_view key = member.key();
    if (std::find(std::begin(known), std::end(known), key) == std::end(known) || key == "Transform" || key == "Rules")
      return fail(ErrorCode::validation, fmt::format("the section '{}' is not known here", key), "ValidationError",
                  std::string(key));
  }
  Template result;
  result.description = string_at(root, "Description");
  const std::pair<std::string_view, json::object*> sections[] = {{"Parameters", &result.parameters},
                                                                 {"Mappings", &result.mappings},
                                                                 {"Conditions", &result.conditions},
                                                                 {"Resources", &result.resources},
                                                                 {"Outputs", &result.outputs}};
  for (const auto& [name, target] : sections) {
    auto content = section(root, name);
    if (!content) return pass_on(content);
    *target = std::move(*content);
  }
  if (auto checked = check_resources(result.resources); !checked) return pass_on(checked);
  return result;
}

}  // namespace tocsin::templates
