#include "asl/detail/run.h"
#include "core/time_format.h"

namespace tocsin::asl {
namespace {

// Whether a path into the context object can see the execution's input.
bool reads_input(const jsonpath::Path& path) {
  const auto& tokens = path.tokens();
  const auto name = [&](std::size_t i) {
    const bool is_one =
        i < tokens.size() && tokens[i].kind == jsonpath::Token::Kind::property && tokens[i].names.size() == 1;
    return is_one ? std::string_view(tokens[i].names[0]) : std::string_view();
  };
  if (name(0).empty()) return true;
  return name(0) == "Execution" && (name(1).empty() || name(1) == "Input");
}

}  // namespace

const json::value& FrameScope::context() {
  if (!context_) context_ = run_.context_ ? *run_.context_ : make_context(true);
  return *context_;
}

const json::value& FrameScope::context_for(const jsonpath::Path& path) {
  if (context_ || run_.context_ || reads_input(path)) return context();
  if (!without_input_) without_input_ = make_context(false);
  return *without_input_;
}

// Inner scopes read outer ones, as far as the execution that the frame belongs to: children of a distributed Map see
// none of their parent's.
const json::value* FrameScope::variable(std::string_view name) {
  const auto& frames = run_.execution_.frames;
  for (const Frame* frame = &frame_;;) {
    if (const auto* value = frame->variables.if_contains(name)) return value;
    const auto parent = frames.find(frame->parent);
    if (parent == frames.end() || parent->second.child != frame->child) return nullptr;
    frame = &parent->second;
  }
}

json::value FrameScope::make_context(bool with_input) const {
  const auto& execution = run_.execution_;
  const auto& info = execution.context;
  // The outermost frame of a distributed Map's child knows the child's own input.
  const Frame* outermost = &frame_;
  while (outermost->child != 0 && outermost->child_input.is_null()) {
    const auto parent = execution.frames.find(outermost->parent);
    if (parent == execution.frames.end() || parent->second.child != outermost->child) break;
    outermost = &parent->second;
  }
  std::string arn = info.execution_arn, name = info.execution_name;
  auto redrives = info.redrive_count;
  if (frame_.child != 0) {
    redrives = outermost->child_redrives;
    const auto& map_run = execution.frames.at(outermost->parent).fork->map_run_arn;
    arn = child_arn(map_run, frame_.child);
    name = child_name(map_run, frame_.child);
  }
  json::object context;
  json::object shown{{"Id", arn}};
  if (with_input) shown["Input"] = frame_.child == 0 ? execution.input : outermost->child_input;
  shown["StartTime"] = format_rfc3339(execution.started);
  shown["Name"] = name;
  shown["RoleArn"] = info.role_arn;
  shown["RedriveCount"] = redrives;
  context["Execution"] = std::move(shown);
  context["StateMachine"] = {{"Id", info.state_machine_arn}, {"Name", info.state_machine_name}};
  json::object state{{"Name", frame_.state}, {"EnteredTime", format_rfc3339(frame_.entered)}};
  const auto type = run_.state_of(frame_).type;
  if (type == StateType::task || type == StateType::parallel || type == StateType::map) {
    std::int64_t retries = 0;
    for (const auto used : frame_.retries) retries += used;
    state["RetryCount"] = retries;
  }
  context["State"] = std::move(state);
  if (!frame_.task_token.empty()) context["Task"] = {{"Token", frame_.task_token}};
  add_map_item(context);
  return context;
}

void FrameScope::add_map_item(json::object& context) const {
  const auto& frames = run_.execution_.frames;
  const json::value* item = item_;
  std::size_t index = item_index_;
  // Without an item of its own the frame is inside the nearest Map around it.
  for (const Frame* frame = &frame_; !item;) {
    const auto parent = frames.find(frame->parent);
    if (parent == frames.end()) return;
    const auto& fork = parent->second.fork;
    if (fork && !fork->items.empty() && run_.state_of(parent->second).type == StateType::map) {
      index = frame->index;
      if (index < fork->items.size())
        item = &fork->items[index];
      else
        return;
    }
    frame = &parent->second;
  }
  json::object entry{{"Index", static_cast<std::int64_t>(index)}, {"Value", *item}};
  context["Map"] = {{"Item", std::move(entry)}};
}

}  // namespace tocsin::asl
