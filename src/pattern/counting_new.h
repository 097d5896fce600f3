// For tests: how often this program has called operator new.
#pragma once

#include <cstddef>

namespace tocsin::pattern {

std::size_t allocation_count();

}  // namespace tocsin::pattern
