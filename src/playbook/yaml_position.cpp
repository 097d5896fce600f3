#include "playbook/yaml_position.h"

#include <vector>

#include <yaml-cpp/yaml.h>

namespace tocsin::playbook {
namespace {

struct Found {
  YAML::Node node;
  YAML::Mark mark;  // of the key or the element

  // Assigning a Node would change the tree that it is part of.
  void move_to(const YAML::Node& next, const YAML::Mark& at) {
    node.reset(next);
    mark = at;
  }
};

bool follows(std::string_view pointer, std::string_view key) {
  if (!pointer.starts_with('/') || !pointer.substr(1).starts_with(key)) return false;
  const auto behind = pointer.substr(1 + key.size());
  return behind.empty() || behind[0] == '/' || behind[0] == '[';
}

// One step to the member with the longest key that fits. False where there is none.
bool into_member(Found& here, std::string_view& pointer) {
  std::size_t best = 0;
  std::optional<Found> next;
  for (const auto& pair : here.node) {
    if (!pair.first.IsScalar()) continue;
    const std::string& key = pair.first.Scalar();
    if (!follows(pointer, key) || (next && key.size() <= best)) continue;
    best = key.size();
    next.emplace(Found{pair.second, pair.first.Mark()});
  }
  if (!next) return false;
  here.move_to(next->node, next->mark);
  pointer.remove_prefix(1 + best);
  return true;
}

bool into_element(Found& here, std::string_view& pointer) {
  const auto close = pointer.find(']');
  if (close == pointer.npos || close > 8) return false;
  std::size_t index = 0;
  for (const char c : pointer.substr(1, close - 1)) index = index * 10 + static_cast<std::size_t>(c - '0');
  if (index >= here.node.size()) return false;
  const YAML::Node element = here.node[index];
  here.move_to(element, element.Mark());
  pointer.remove_prefix(close + 1);
  return true;
}

Found walk(const YAML::Node& root, std::string_view pointer) {
  Found here{root, YAML::Mark()};
  while (!pointer.empty() && pointer != "/") {
    bool moved = false;
    if (here.node.IsMap())
      moved = into_member(here, pointer);
    else if (here.node.IsSequence() && pointer[0] == '[')
      moved = into_element(here, pointer);
    if (!moved) break;
  }
  return here;
}

// {Fn::Sub: text} and [text, {…}] hold the text that a person wrote.
YAML::Node inside_functions(YAML::Node node) {
  if (node.IsMap() && node.size() == 1) node.reset(YAML::Node(node.begin()->second));
  if (node.IsSequence() && node.size() > 0) node.reset(YAML::Node(node[0]));
  return node;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == text.npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

YamlText::YamlText(std::string text) : text_{std::move(text)} {
  try {
    root_ = std::make_shared<const YAML::Node>(YAML::Load(text_));
  } catch (const YAML::Exception&) {
  }
}

asl::Position YamlText::locate(std::string_view pointer) const {
  if (!root_) return {};
  try {
    const auto mark = walk(*root_, pointer).mark;
    if (mark.is_null()) return {};
    return {.offset = static_cast<std::size_t>(mark.pos),
            .line = static_cast<std::size_t>(mark.line) + 1,
            .column = static_cast<std::size_t>(mark.column) + 1};
  } catch (const YAML::Exception&) {
    return {};
  }
}

std::optional<YamlText::Block> YamlText::block(std::string_view pointer) const {
  if (!root_) return std::nullopt;
  try {
    const YAML::Node node = inside_functions(walk(*root_, pointer).node);
    if (!node.IsScalar() || node.Mark().is_null()) return std::nullopt;
    const auto lines = lines_of(text_);
    const auto wanted = lines_of(node.Scalar());
    // The block follows the line of its "|". Whether it was one shows by its lines being in the file.
    for (std::size_t first = static_cast<std::size_t>(node.Mark().line); first < lines.size(); ++first) {
      if (first > static_cast<std::size_t>(node.Mark().line) + 1) break;
      const auto indent = lines[first].find_first_not_of(' ');
      if (indent == std::string_view::npos || wanted.empty()) continue;
      bool same = true;
      for (std::size_t i = 0; same && i < wanted.size(); ++i) {
        const auto line = first + i < lines.size() ? lines[first + i] : std::string_view();
        same = line.size() >= indent ? line.substr(indent) == wanted[i] : wanted[i].empty();
        same = same || (i + 1 == wanted.size() && wanted[i].empty());
      }
      if (same) return Block{node.Scalar(), first + 1, indent};
    }
  } catch (const YAML::Exception&) {
  }
  return std::nullopt;
}

}  // namespace tocsin::playbook
