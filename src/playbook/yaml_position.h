// Places in YAML text. Private to the room.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "asl/locate.h"

namespace tocsin::playbook {

// A parsed YAML text that places are asked of.
class YamlText {
 public:
  // Text that is no YAML has no places: everything is at its beginning.
  explicit YamlText(std::string text);

  // The place of a JSON pointer as diagnostics have it ("/States/A/Choices[0]/Next"): the key, or the beginning of the
  // element; as far as it leads.
  asl::Position locate(std::string_view pointer) const;

  // A literal block ("DefinitionString: |", tagged or not): its text, and where it lies.
  struct Block {
    std::string text;
    std::size_t first_line = 1;  // of the file
    std::size_t indent = 0;      // columns before the text
  };
  // Nothing where the value at `pointer` is written in another way.
  std::optional<Block> block(std::string_view pointer) const;

 private:
  std::string text_;
  struct Tree;
  std::shared_ptr<Tree> tree_;  // null where the text is no YAML
};

}  // namespace tocsin::playbook
