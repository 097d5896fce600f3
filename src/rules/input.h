// What a target is sent: the event as it is, a part of it (InputPath), a constant (Input), or a text made of its parts
// (InputTransformer). Checked once when the target is put, then run for every event that matches. Pure.
//
// A template is JSON text with <placeholders>; a placeholder is an entry of InputPathsMap or one of the predefined
// aws.events.* ones. Outside of quotes it becomes the value as JSON (a string with its quotes; what is missing: "").
// Inside quotes it becomes text: strings escaped, objects and arrays as JSON without its quotes, what is missing:
// nothing. Several JSON strings one below the other are a template too; they stay several lines.
// Source: EventBridge user guide, "Amazon EventBridge input transformation".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"

namespace tocsin::rules {

// A path into an event: "$", then ".name", ".*", "[n]", "[*]" any number of times. Names hold letters, digits, "-",
// "_", "/" and whatever else is no JSONPath punctuation.
class EventPath {
 public:
  // Error: validation, saying what is wrong.
  static Result<EventPath> parse(std::string_view text);

  // The value; with a wildcard in the path, the array of all values. Nothing: the path leads nowhere.
  std::optional<json::value> read(const json::value& event) const;

 private:
  struct Step {
    enum class Kind { name, index, wildcard } kind;
    std::string name = {};
    std::size_t index = 0;
  };
  void collect(const json::value& value, std::size_t at, json::array& found) const;
  std::vector<Step> steps_;
  bool has_wildcard_ = false;
};

// What a template can refer to besides the event.
struct InputContext {
  std::string_view event_bytes;
  const json::value& event;
  std::string_view rule_arn;
  std::string_view rule_name;
  Time ingestion_time;
};

class Transformer {
 public:
  // `document` is an InputTransformer; `target_id` is named in errors. Error: validation, with EventBridge's messages.
  static Result<Transformer> parse(const json::object& document, std::string_view target_id);

  std::string run(const InputContext& context) const;

 private:
  struct Part {
    std::string text = {};            // literal, when no placeholder
    std::string placeholder = {};     // its name
    std::optional<std::size_t> path;  // index into paths_; none: predefined
    bool in_quotes = false;
  };
  std::vector<EventPath> paths_;
  std::vector<Part> parts_;
};

// How a target's input is made. Immutable.
class Input {
 public:
  // From a Target document (Input, InputPath, InputTransformer; at most one). Error: validation.
  static Result<Input> parse(const json::object& target);

  // True: the event's bytes are the input; build() need not be called.
  bool is_whole_event() const { return std::holds_alternative<std::monostate>(how_); }
  // True: the event must be parsed for build().
  bool needs_event() const { return !is_whole_event() && !std::holds_alternative<std::string>(how_); }
  // Error: validation, where InputPath finds nothing.
  Result<std::string> build(const InputContext& context) const;

 private:
  struct AtPath {
    std::string text;
    EventPath path;
  };
  std::variant<std::monostate, std::string, AtPath, Transformer> how_;
};

}  // namespace tocsin::rules
