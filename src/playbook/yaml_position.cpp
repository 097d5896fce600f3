#include "playbook/yaml_position.h"

#include <string>
#include <unordered_map>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace tocsin::playbook {
namespace {

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

struct YamlText::Tree {
  struct Place {
    YAML::Node node;
    YAML::Mark mark;  // of the key or the element
  };
  using Places = std::unordered_map<std::string, Place>;

  explicit Tree(const std::string& text) : root{YAML::Load(text)} {}

  // What lies in the map or list that the pointer `to` leads to; each is read once.
  const Places& below(const std::string& to, const YAML::Node& node) {
    const auto [found, fresh] = known.try_emplace(to);
    if (!fresh) return found->second;
    if (node.IsMap())
      for (const auto& pair : node)
        if (pair.first.IsScalar())
          found->second.try_emplace("/" + pair.first.Scalar(), Place{pair.second, pair.first.Mark()});
    if (node.IsSequence()) {
      std::size_t index = 0;
      for (const auto& element : node)
        found->second.try_emplace("[" + std::to_string(index++) + "]", Place{element, element.Mark()});
    }
    return found->second;
  }

  // As far as the pointer leads; of several keys that fit, the longest: names may hold '/' and '['.
  Place find(const std::string& pointer) {
    Place here{root, YAML::Mark()};
    for (std::size_t done = 0; done < pointer.size();) {
      const auto& places = below(pointer.substr(0, done), here.node);
      auto end = pointer.size();
      auto next = places.find(pointer.substr(done));
      while (next == places.end() && end > done) {
        end = pointer.find_last_of("/[", end - 1);
        if (end == pointer.npos || end <= done) break;
        next = places.find(pointer.substr(done, end - done));
      }
      if (next == places.end()) break;
      // Assigning a Node would change the tree that it is part of.
      here.node.reset(next->second.node);
      here.mark = next->second.mark;
      done = end;
    }
    return here;
  }

  YAML::Node root;
  std::unordered_map<std::string, Places> known;
};

YamlText::YamlText(std::string text) : text_{std::move(text)} {
  try {
    tree_ = std::make_shared<Tree>(text_);
  } catch (const YAML::Exception&) {
  }
}

asl::Position YamlText::locate(std::string_view pointer) const {
  if (!tree_) return {};
  try {
    const auto mark = tree_->find(std::string(pointer)).mark;
    if (mark.is_null()) return {};
    return {.offset = static_cast<std::size_t>(mark.pos),
            .line = static_cast<std::size_t>(mark.line) + 1,
            .column = static_cast<std::size_t>(mark.column) + 1};
  } catch (const YAML::Exception&) {
    return {};
  }
}

std::optional<YamlText::Block> YamlText::block(std::string_view pointer) const {
  if (!tree_) return std::nullopt;
  try {
    const YAML::Node node = inside_functions(tree_->find(std::string(pointer)).node);
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
