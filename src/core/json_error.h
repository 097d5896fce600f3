// Where JSON text goes wrong, for tools that show line and column.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tocsin {

// The byte at which parse_json() stops; nothing where `text` is valid JSON. A text that ends too early stops at its
// end.
std::optional<std::size_t> json_error_at(std::string_view text);

}  // namespace tocsin
