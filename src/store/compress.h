// Bodies at rest are compressed (zstd, level 1). Small ones are stored as they are; a leading byte tells.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::store {

std::string compress(std::string_view bytes);
// Error: corrupt. `bytes_max` bounds what a damaged length can ask for.
Result<std::string> decompress(std::string_view stored, std::size_t bytes_max = 64u << 20);

}  // namespace tocsin::store
