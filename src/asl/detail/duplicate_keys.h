// Keys that an object of a JSON text has twice: the document keeps only one of them. Private to the room.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::asl {

struct DuplicateKey {
  std::string key;
  bool in_states = false;  // the object is the value of a field "States"
  std::size_t offset = 0;  // of its second place
};

// The first duplicate. `text` must be valid JSON.
std::optional<DuplicateKey> find_duplicate_key(std::string_view text);

}  // namespace tocsin::asl
