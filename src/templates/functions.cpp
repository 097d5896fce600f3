#include <fmt/format.h>

#include "digest/digest.h"
#include "templates/templates.h"

namespace tocsin::templates {
namespace {

constexpr int depth_max = 64;

// What AWS::NoValue leaves behind until its place is left out.
const json::value no_value = json::object{{"AWS::NoValue", nullptr}};
bool is_no_value(const json::value& value) {
  return value.is_object() && value.get_object().size() == 1 && value.get_object().contains("AWS::NoValue");
}

class Evaluation {
 public:
  explicit Evaluation(const Scope& scope) : scope_{scope} {}

  Result<json::value> value(const json::value& input, const std::string& path, int depth = 0) {
    if (depth > depth_max) return refuse(path, "functions are nested too deep");
    if (const auto* array = input.if_array()) return elements(*array, path, depth);
    const auto* object = input.if_object();
    if (!object) return input;
    if (object->size() == 1) {
      const std::string_view name = object->begin()->key();
      if (name == "Ref") return reference(object->begin()->value(), path);
      if (name.starts_with("Fn::")) return function(name.substr(4), object->begin()->value(), path, depth);
      if (name == "Condition" && object->begin()->value().is_string())
        return named_condition(object->begin()->value(), path);
    }
    return members(*object, path, depth);
  }

 private:
  static std::unexpected<Error> refuse(const std::string& path, std::string_view what) {
    return fail(ErrorCode::validation, fmt::format("{}: {}", path, what), "ValidationError", path);
  }

  Result<json::value> members(const json::object& object, const std::string& path, int depth) {
    json::object result;
    for (const auto& [key, member] : object) {
      auto resolved = value(member, fmt::format("{}.{}", path, std::string_view(key)), depth + 1);
      if (!resolved) return resolved;
      if (!is_no_value(*resolved)) result.emplace(key, std::move(*resolved));
    }
    return json::value(std::move(result));
  }

  Result<json::value> elements(const json::array& array, const std::string& path, int depth) {
    json::array result;
    for (std::size_t i = 0; i < array.size(); ++i) {
      auto resolved = value(array[i], fmt::format("{}[{}]", path, i), depth + 1);
      if (!resolved) return resolved;
      if (!is_no_value(*resolved)) result.push_back(std::move(*resolved));
    }
    return json::value(std::move(result));
  }

  Result<json::value> reference(const json::value& argument, const std::string& path) {
    if (!argument.is_string()) return refuse(path, "Ref takes a name");
    return referred(std::string_view(argument.get_string()), path);
  }

  Result<json::value> referred(std::string_view name, const std::string& path) {
    const Pseudo& pseudo = scope_.pseudo;
    if (name == "AWS::AccountId") return json::value(pseudo.account);
    if (name == "AWS::Region") return json::value(pseudo.region);
    if (name == "AWS::Partition") return json::value(pseudo.partition);
    if (name == "AWS::StackName") return json::value(pseudo.stack_name);
    if (name == "AWS::StackId") return json::value(pseudo.stack_id);
    if (name == "AWS::URLSuffix")
      return json::value(pseudo.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com");
    if (name == "AWS::NotificationARNs") return json::value(json::array{});
    if (name == "AWS::NoValue") return no_value;
    if (const auto* parameter = scope_.parameters.if_contains(name)) return *parameter;
    if (scope_.reference)
      if (auto found = scope_.reference(name)) return std::move(*found);
    return refuse(path, fmt::format("'{}' is neither a parameter nor a resource", name));
  }

  Result<json::value> attribute(std::string_view id, std::string_view name, const std::string& path) {
    if (scope_.attribute)
      if (auto found = scope_.attribute(id, name)) return std::move(*found);
    return refuse(path, fmt::format("'{}' has no attribute '{}'", id, name));
  }

  Result<json::value> function(std::string_view name, const json::value& argument, const std::string& path, int depth) {
    if (name == "If") return if_function(argument, path, depth);  // evaluates only the branch taken
    auto resolved = value(argument, path, depth + 1);
    if (!resolved) return resolved;
    if (name == "Sub") return substitute(*resolved, path);
    if (name == "GetAtt") return get_attribute(*resolved, path);
    if (name == "Join") return join(*resolved, path);
    if (name == "Select") return select(*resolved, path);
    if (name == "Split") return split(*resolved, path);
    if (name == "FindInMap") return find_in_map(*resolved, path);
    if (name == "Base64" && resolved->is_string())
      return json::value(digest::base64(std::string_view(resolved->get_string())));
    if (name == "Equals" || name == "Not" || name == "And" || name == "Or") return logic(name, *resolved, path);
    return refuse(path, fmt::format("Fn::{} is not supported", name));
  }

  Result<json::value> if_function(const json::value& argument, const std::string& path, int depth) {
    const auto* array = argument.if_array();
    if (!array || array->size() != 3 || !(*array)[0].is_string())
      return refuse(path, "Fn::If takes [condition, then, else]");
    auto holds = named_condition((*array)[0], path);
    if (!holds) return holds;
    return value((*array)[holds->get_bool() ? 1 : 2], path, depth + 1);
  }

  Result<json::value> named_condition(const json::value& name, const std::string& path) {
    const std::string key{std::string_view(name.get_string())};
    const auto found = scope_.conditions.find(key);
    if (found == scope_.conditions.end()) return refuse(path, fmt::format("there is no condition '{}'", key));
    return json::value(found->second);
  }

  Result<json::value> get_attribute(const json::value& argument, const std::string& path) {
    const auto* array = argument.if_array();
    if (!array || array->size() != 2 || !(*array)[0].is_string() || !(*array)[1].is_string())
      return refuse(path, "Fn::GetAtt takes [logical id, attribute]");
    return attribute(std::string_view((*array)[0].get_string()), std::string_view((*array)[1].get_string()), path);
  }

  // "${Name}", "${Logical.Attribute}", "${!Literal}" → "${Literal}".
  Result<json::value> substitute(const json::value& argument, const std::string& path) {
    const json::value* text = &argument;
    const json::object* own = nullptr;
    if (const auto* array = argument.if_array()) {
      if (array->size() != 2 || !(*array)[1].is_object()) return refuse(path, "Fn::Sub takes a text, or [text, map]");
      text = &(*array)[0];
      own = &(*array)[1].get_object();
    }
    if (!text->is_string()) return refuse(path, "Fn::Sub takes a text, or [text, map]");
    std::string result;
    for (std::string_view rest = text->get_string(); !rest.empty();) {
      const auto open = rest.find("${");
      result += rest.substr(0, open);
      if (open == rest.npos) break;
      const auto close = rest.find('}', open);
      if (close == rest.npos) return refuse(path, "Fn::Sub: '${' is never closed");
      const std::string_view name = rest.substr(open + 2, close - open - 2);
      auto replaced = substituted(name, own, path);
      if (!replaced) return pass_on(replaced);
      result += *replaced;
      rest.remove_prefix(close + 1);
    }
    return json::value(std::move(result));
  }

  Result<std::string> substituted(std::string_view name, const json::object* own, const std::string& path) {
    if (name.starts_with('!')) return fmt::format("${{{}}}", name.substr(1));
    Result<json::value> found = json::value{};
    if (const auto* mine = own ? own->if_contains(name) : nullptr) {
      found = *mine;
    } else if (const auto dot = name.find('.'); dot != name.npos) {
      found = attribute(name.substr(0, dot), name.substr(dot + 1), path);
    } else {
      found = referred(name, path);
    }
    if (!found) return pass_on(found);
    if (found->is_string()) return std::string(std::string_view(found->get_string()));
    return to_json(*found);
  }

  static std::string plain(const json::value& value) {
    return value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
  }

  Result<json::value> join(const json::value& argument, const std::string& path) {
    const auto* array = argument.if_array();
    if (!array || array->size() != 2 || !(*array)[0].is_string() || !(*array)[1].is_array())
      return refuse(path, "Fn::Join takes [delimiter, list]");
    std::string result;
    const char* separator = nullptr;
    for (const auto& element : (*array)[1].get_array()) {
      if (separator) result += separator;
      separator = (*array)[0].get_string().c_str();
      result += plain(element);
    }
    return json::value(std::move(result));
  }

  Result<json::value> select(const json::value& argument, const std::string& path) {
    const auto* array = argument.if_array();
    if (!array || array->size() != 2 || !(*array)[1].is_array()) return refuse(path, "Fn::Select takes [index, list]");
    const auto& list = (*array)[1].get_array();
    const std::string index = plain((*array)[0]);
    const bool digits = !index.empty() && index.size() < 10 && index.find_first_not_of("0123456789") == index.npos;
    if (!digits || std::stoul(index) >= list.size())
      return refuse(path, fmt::format("Fn::Select cannot select index {}", index));
    return list[std::stoul(index)];
  }

  Result<json::value> split(const json::value& argument, const std::string& path) {
    const auto* array = argument.if_array();
    if (!array || array->size() != 2 || !(*array)[0].is_string() || (*array)[0].get_string().empty() ||
        !(*array)[1].is_string())
      return refuse(path, "Fn::Split takes [delimiter, text]");
    const std::string_view delimiter = (*array)[0].get_string();
    json::array parts;
    std::string_view rest = (*array)[1].get_string();
    for (auto found = rest.find(delimiter); found != rest.npos; found = rest.find(delimiter)) {
      parts.push_back(json::value(rest.substr(0, found)));
      rest.remove_prefix(found + delimiter.size());
    }
    parts.push_back(json::value(rest));
    return json::value(std::move(parts));
  }

  Result<json::value> find_in_map(const json::value& argument, const std::string& path) {
    const auto* array = argument.if_array();
    if (!array || array->size() != 3) return refuse(path, "Fn::FindInMap takes [map, key, key]");
    const json::value* at = scope_.source.mappings.if_contains(plain((*array)[0]));
    for (std::size_t i = 1; at && i < 3; ++i)
      at = at->is_object() ? at->get_object().if_contains(plain((*array)[i])) : nullptr;
    if (!at) return refuse(path, fmt::format("Fn::FindInMap finds nothing for {}", to_json(argument)));
    return *at;
  }

  Result<json::value> logic(std::string_view name, const json::value& argument, const std::string& path) {
    const auto* array = argument.if_array();
    if (!array) return refuse(path, fmt::format("Fn::{} takes a list", name));
    if (name == "Equals") {
      if (array->size() != 2) return refuse(path, "Fn::Equals takes two values");
      return json::value(plain((*array)[0]) == plain((*array)[1]));
    }
    const bool is_not = name == "Not";
    if (is_not ? array->size() != 1 : array->size() < 2 || array->size() > 10)
      return refuse(path, fmt::format("Fn::{} has the wrong number of conditions", name));
    bool all = true;
    bool any = false;
    for (const auto& element : *array) {
      if (!element.is_bool()) return refuse(path, fmt::format("Fn::{} takes conditions", name));
      all = all && element.get_bool();
      any = any || element.get_bool();
    }
    if (is_not) return json::value(!all);
    return json::value(name == "And" ? all : any);
  }

  const Scope& scope_;
};

}  // namespace

Result<json::value> resolve(const json::value& value, const Scope& scope, const std::string& path) {
  return Evaluation{scope}.value(value, path);
}

Result<std::map<std::string, bool>> conditions(const Scope& scope) {
  Scope known = scope;
  known.conditions.clear();
  // A condition may name others, in any order: go on while any more can be told.
  for (std::size_t left = scope.source.conditions.size(); left > 0;) {
    const std::size_t before = known.conditions.size();
    std::optional<Error> last;
    for (const auto& [name, condition] : scope.source.conditions) {
      if (known.conditions.contains(std::string(name))) continue;
      const std::string path = fmt::format("Conditions.{}", std::string_view(name));
      auto holds = resolve(condition, known, path);
      if (!holds) {
        last = holds.error();
        continue;
      }
      if (!holds->is_bool()) return fail(ErrorCode::validation, path + " is not a condition", "ValidationError", path);
      known.conditions.emplace(name, holds->get_bool());
    }
    left = scope.source.conditions.size() - known.conditions.size();
    if (left > 0 && known.conditions.size() == before) return std::unexpected(*last);
  }
  return known.conditions;
}

}  // namespace tocsin::templates
