// Findings as posture and vulnerability scanners export them in ASFF.
#pragma once

#include "samples/detail/world.h"

namespace tocsin::samples::detail {

// The checks and vulnerabilities that can be drawn; `which` counts from 0.
std::size_t prowler_kinds();
Sample prowler(std::size_t which, World& world);
std::size_t trivy_kinds();
Sample trivy(std::size_t which, World& world);
std::size_t inspector_kinds();
Sample inspector(std::size_t which, World& world);

}  // namespace tocsin::samples::detail
