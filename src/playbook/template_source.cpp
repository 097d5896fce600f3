#include "playbook/template_source.h"

#include <fmt/format.h>

#include "playbook/stand_ins.h"
#include "playbook/yaml_position.h"

namespace tocsin::playbook {
namespace {

constexpr std::string_view not_resolved = "TEMPLATE_NOT_RESOLVED";

bool is_machine(std::string_view type) {
  return type == "AWS::StepFunctions::StateMachine" || type == "AWS::Serverless::StateMachine";
}

std::string replaced(std::string_view text, const std::map<std::string, std::string>& placeholders) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = text.find("${", at);
    result += text.substr(at, open - at);
    if (open == text.npos) break;
    const auto close = text.find('}', open);
    const auto name = close == text.npos ? std::string() : std::string(text.substr(open, close + 1 - open));
    const auto found = placeholders.find(name);
    result += found != placeholders.end() ? found->second : "${";
    at = found != placeholders.end() ? close + 1 : open + 2;
  }
  return result;
}

// In an object every text may hold placeholders.
json::value replaced_in(const json::value& value, const std::map<std::string, std::string>& placeholders) {
  if (const auto* text = value.if_string()) return json::value(replaced(*text, placeholders));
  if (const auto* array = value.if_array()) {
    json::array copy;
    for (const auto& element : *array) copy.push_back(replaced_in(element, placeholders));
    return copy;
  }
  if (const auto* object = value.if_object()) {
    json::object copy;
    for (const auto& [key, member] : *object) copy[key] = replaced_in(member, placeholders);
    return copy;
  }
  return value;
}

// Placeholders as digits of the same length: what is around them keeps its place, in strings and outside.
std::string masked(std::string text) {
  for (auto open = text.find("${"); open != text.npos; open = text.find("${", open)) {
    const auto close = text.find('}', open);
    if (close == text.npos) break;
    text.replace(open, close + 1 - open, close + 1 - open, '1');
  }
  return text;
}

class Extraction {
 public:
  Extraction(const std::string& file, const std::string& text, const json::object& document,
             const SourceOptions& options)
      : file_{file},
        is_json_{text.find_first_not_of(" \t\r\n") == text.find('{')},
        json_{std::make_shared<asl::Locator>(is_json_ ? text : std::string())},
        yaml_{is_json_ ? std::string() : text},
        stand_ins_{document, options.parameters} {
    sources_.is_template = true;
  }

  Sources run() {
    for (const auto& [id, resource] : stand_ins_.source().resources) {
      if (!resource.is_object() || !is_machine(string_at(resource.get_object(), "Type"))) continue;
      const auto* properties = resource.get_object().if_contains("Properties");
      if (properties && properties->is_object())
        extract(std::string(id), properties->get_object());
      else
        refuse(std::string(id), "", "the state machine has no properties");
    }
    return std::move(sources_);
  }

 private:
  std::string pointer(const std::string& id, std::string_view property) const {
    return fmt::format("/Resources/{}{}{}", id, property.empty() ? "" : "/Properties/", property);
  }

  asl::Position place(const std::string& at) const { return is_json_ ? json_->at(at) : yaml_.locate(at); }

  void refuse(const std::string& id, std::string_view property, std::string message) {
    const auto at = pointer(id, property);
    sources_.problems.push_back(
        {file_, id, place(at), {asl::Severity::error, std::string(not_resolved), std::move(message), at}});
  }

  void extract(const std::string& id, const json::object& properties) {
    Source source{.file = file_, .name = id, .text = {}};
    const auto type = string_at(properties, "StateMachineType", string_at(properties, "Type"));
    source.kind = type == "EXPRESS" ? asl::Kind::express : asl::Kind::standard;
    if (const auto* substitutions = properties.if_contains("DefinitionSubstitutions");
        substitutions && !read_substitutions(id, *substitutions, source))
      return;
    if (const auto* text = properties.if_contains("DefinitionString"))
      from_text(id, *text, std::move(source));
    else if (const auto* object = properties.if_contains("Definition"))
      from_object(id, *object, std::move(source));
    else if (const auto* uri = properties.if_contains("DefinitionUri"); uri && uri->is_string())
      from_file(id, std::string(std::string_view(uri->get_string())), std::move(source));
    else
      refuse(id, "", "the definition is not in the template (DefinitionString or Definition)");
  }

  bool read_substitutions(const std::string& id, const json::value& substitutions, Source& source) {
    const auto resolved = stand_ins_.resolve(substitutions, "DefinitionSubstitutions");
    if (!resolved || !resolved->is_object()) {
      refuse(id, "DefinitionSubstitutions",
             resolved ? "DefinitionSubstitutions must be a map" : resolved.error().message);
      return false;
    }
    for (const auto& [name, value] : resolved->get_object())
      source.placeholders.emplace(
          fmt::format("${{{}}}", std::string_view(name)),
          value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value));
    return true;
  }

  void from_text(const std::string& id, const json::value& text, Source source) {
    const auto resolved = stand_ins_.resolve(text, "DefinitionString");
    if (!resolved || !resolved->is_string()) {
      refuse(id, "DefinitionString", resolved ? "DefinitionString must be a text" : resolved.error().message);
      return;
    }
    source.text = replaced(resolved->get_string(), source.placeholders);
    const auto at = pointer(id, "DefinitionString");
    const auto block = is_json_ ? std::nullopt : yaml_.block(at);
    if (block) {
      source.locate =
          [block, locator = std::make_shared<asl::Locator>(masked(block->text))](const asl::Diagnostic& diagnostic) {
            auto position = locator->at(diagnostic);
            position.line += block->first_line - 1;
            position.column += block->indent;
            return position;
          };
    } else {
      source.locate = [position = place(at)](const asl::Diagnostic&) { return position; };
    }
    sources_.machines.push_back(std::move(source));
  }

  void from_object(const std::string& id, const json::value& object, Source source) {
    const auto resolved = stand_ins_.resolve(object, "Definition");
    if (!resolved) {
      refuse(id, "Definition", resolved.error().message);
      return;
    }
    source.text = to_json(replaced_in(*resolved, source.placeholders));
    source.locate = [json = json_, yaml = yaml_, is_json = is_json_,
                     at = pointer(id, "Definition")](const asl::Diagnostic& diagnostic) {
      const auto below = asl::pointed_at(diagnostic);
      const auto whole = below == "/" ? at : at + below;
      return is_json ? json->at(whole) : yaml.locate(whole);
    };
    sources_.machines.push_back(std::move(source));
  }

  // SAM's DefinitionUri: a file beside the template.
  void from_file(const std::string& id, const std::string& uri, Source source) {
    const auto slash = file_.rfind('/');
    const auto path = slash == file_.npos || uri.starts_with('/') ? uri : file_.substr(0, slash + 1) + uri;
    const auto text =
        uri.starts_with("s3:") ? Result<std::string>(fail(ErrorCode::not_found, "it is in S3")) : read_file(path);
    if (!text) {
      refuse(id, "DefinitionUri", text.error().message);
      return;
    }
    source.file = path;
    source.text = replaced(*text, source.placeholders);
    source.locate = [locator = std::make_shared<asl::Locator>(masked(*text))](const asl::Diagnostic& diagnostic) {
      return locator->at(diagnostic);
    };
    sources_.machines.push_back(std::move(source));
  }

  const std::string& file_;
  bool is_json_;
  std::shared_ptr<const asl::Locator> json_;  // empty where the text is YAML
  YamlText yaml_;
  StandIns stand_ins_;
  Sources sources_;
};

}  // namespace

Sources template_sources(const std::string& file, const std::string& text, const json::object& document,
                         const SourceOptions& options) {
  return Extraction(file, text, document, options).run();
}

}  // namespace tocsin::playbook
