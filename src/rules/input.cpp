#include "rules/input.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t variables_max = 100;
constexpr std::string_view predefined[] = {"aws.events.rule-arn", "aws.events.rule-name", "aws.events.event",
                                           "aws.events.event.json", "aws.events.event.ingestion-time"};

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException", "Targets");
}

bool is_placeholder_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// The length of "<name>" at the start of `text`; 0: there is none.
std::size_t placeholder_length(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && is_placeholder_character(text[end])) ++end;
  return end > 1 && end < text.size() && text[end] == '>' ? end + 1 : 0;
}

bool any_key_holds(const json::value& value, std::string_view marker) {
  if (const auto* object = value.if_object())
    return std::ranges::any_of(*object, [&](const auto& member) {
      return std::string_view(member.key()).find(marker) != std::string_view::npos ||
             any_key_holds(member.value(), marker);
    });
  if (const auto* array = value.if_array())
    return std::ranges::any_of(*array, [&](const auto& element) { return any_key_holds(element, marker); });
  return false;
}

// The text without its quotes, for use inside a string.
std::string escape(std::string_view text) {
  const std::string quoted = json::serialize(json::string_view(text));
  return quoted.substr(1, quoted.size() - 2);
}

// JSON as EventBridge puts it inside a string: without its quotes.
std::string without_quotes(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '"')
      ++i;
    else if (text[i] == '\\' && i + 1 < text.size())
      plain.append(text.substr(i++, 2));
    else if (text[i] != '"')
      plain += text[i];
  }
  return plain;
}

std::string as_text(const json::value& value) {
  if (const auto* text = value.if_string()) return escape(*text);
  return without_quotes(to_json(value));
}

// The event as <aws.events.event> shows it: without detail, and with detail-type spelt detailType.
std::string event_without_detail(const json::value& event) {
  json::object shown;
  if (const auto* object = event.if_object())
    for (const auto& [key, value] : *object)
      if (key != "detail") shown.emplace(key == "detail-type" ? json::string_view("detailType") : key, value);
  return to_json(shown);
}

// A template is one JSON value, or several strings.
bool is_template_json(std::string_view text, std::string_view marker) {
  if (const auto value = parse_json(text)) return !any_key_holds(*value, marker);
  bool any = false;
  while (true) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return any;
    if (text[start] != '"') return false;
    std::size_t end = start + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size() || !parse_json(text.substr(start, end + 1 - start))) return false;
    text.remove_prefix(end + 1);
    any = true;
  }
}

}  // namespace

Result<Transformer> Transformer::parse(const json::object& document, std::string_view target_id) {
  Transformer transformer;
  std::vector<std::string> names;
  if (const auto* map = document.if_contains("InputPathsMap"); map && map->is_object()) {
    if (map->as_object().size() > variables_max)
      return invalid(fmt::format("InputPathsMap for target {} has more than {} entries.", target_id, variables_max));
    for (const auto& [name, text] : map->as_object()) {
      std::string lower(std::string_view{name});
      std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
      if (lower.starts_with("aws."))
        return invalid(fmt::format("InputPathsMap for target {} has the reserved key {}.", target_id, lower));
      auto path = EventPath::parse(text.is_string() ? std::string_view(text.as_string()) : std::string_view{});
      if (!path)
        return invalid(fmt::format("InputPathsMap for target {} is not valid: {}", target_id, path.error().message));
      names.emplace_back(std::string_view(name));
      transformer.paths_.push_back(std::move(*path));
    }
  }

  const std::string_view text = string_at(document, "InputTemplate");
  constexpr std::string_view marker = "\x7f<>";
  std::string probe;  // the template with every placeholder filled in
  Part literal;
  bool in_quotes = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = text[at] == '<' ? placeholder_length(text.substr(at)) : 0;
    if (length == 0) {
      if (text[at] == '"') in_quotes = !in_quotes;
      const std::size_t taken = text[at] == '\\' && at + 1 < text.size() ? 2 : 1;
      literal.text += text.substr(at, taken);
      probe += text.substr(at, taken);
      at += taken;
      continue;
    }
    Part part{
        .text = {}, .placeholder = std::string(text.substr(at + 1, length - 2)), .path = {}, .in_quotes = in_quotes};
    if (const auto found = std::ranges::find(names, part.placeholder); found != names.end())
      part.path = static_cast<std::size_t>(found - names.begin());
    else if (std::ranges::find(predefined, part.placeholder) == std::end(predefined))
      return invalid(
          fmt::format("InputTemplate for target {} contains invalid placeholder {}.", target_id, part.placeholder));
    transformer.parts_.push_back(std::exchange(literal, {}));
    transformer.parts_.push_back(std::move(part));
    probe += in_quotes ? marker : std::string_view{"0"};
    at += length;
  }
  transformer.parts_.push_back(std::move(literal));
  if (!is_template_json(probe, marker))
    return invalid(
        fmt::format("Invalid InputTemplate for target {} : it must be JSON, a text in quotes, or several "
                    "lines of text in quotes, without placeholders in keys.",
                    target_id));
  return transformer;
}

std::string Transformer::run(const InputContext& context) const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.placeholder.empty()) {
      out += part.text;
      continue;
    }
    if (part.path) {
      const auto value = paths_[*part.path].read(context.event);
      if (part.in_quotes)
        out += value ? as_text(*value) : "";
      else
        out += value ? to_json(*value) : R"("")";
      continue;
    }
    if (part.placeholder == "aws.events.event.json" || part.placeholder == "aws.events.event") {
      const std::string json = part.placeholder == "aws.events.event" ? event_without_detail(context.event)
                                                                      : std::string(context.event_bytes);
      out += part.in_quotes ? without_quotes(json) : json;
      continue;
    }
    const std::string text = part.placeholder == "aws.events.rule-arn" ? std::string(context.rule_arn)
                             : part.placeholder == "aws.events.rule-name"
                                 ? std::string(context.rule_name)
                                 : format_rfc3339_seconds(context.ingestion_time);
    out += part.in_quotes ? text : fmt::format("\"{}\"", text);
  }
  return out;
}

Result<Input> Input::parse(const json::object& target) {
  const std::string_view id = string_at(target, "Id");
  const auto* constant = target.if_contains("Input");
  const auto* path = target.if_contains("InputPath");
  const auto* transformer = target.if_contains("InputTransformer");
  if ((constant != nullptr) + (path != nullptr) + (transformer != nullptr) > 1)
    return invalid(
        fmt::format("Only one of Input, InputPath, or InputTransformer must be provided for target {}.", id));

  Input input;
  if (constant) {
    const std::string_view text = string_at(target, "Input");
    if (!parse_json(text)) return invalid(fmt::format("JSON syntax error in input for target {}", id));
    input.how_ = std::string(text);
  } else if (path) {
    const std::string_view text = string_at(target, "InputPath");
    auto parsed = EventPath::parse(text);
    if (!parsed) return invalid(fmt::format("InputPath for target {} is not valid: {}", id, parsed.error().message));
    if (text != "$") input.how_ = AtPath{std::string(text), std::move(*parsed)};
  } else if (transformer) {
    if (!transformer->is_object()) return invalid(fmt::format("InputTransformer for target {} is not an object.", id));
    auto parsed = Transformer::parse(transformer->as_object(), id);
    if (!parsed) return pass_on(parsed);
    input.how_ = std::move(*parsed);
  }
  return input;
}

Result<std::string> Input::build(const InputContext& context) const {
  if (const auto* constant = std::get_if<std::string>(&how_)) return *constant;
  if (const auto* transformer = std::get_if<Transformer>(&how_)) return transformer->run(context);
  if (const auto* at = std::get_if<AtPath>(&how_)) {
    const auto value = at->path.read(context.event);
    if (!value)
      return fail(ErrorCode::validation, fmt::format("InputPath {} leads nowhere in the event", at->text),
                  "ValidationException");
    return to_json(*value);
  }
  return std::string(context.event_bytes);
}

}  // namespace tocsin::rules
