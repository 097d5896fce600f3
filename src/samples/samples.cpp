#include "samples/samples.h"

#include <fmt/format.h>

#include "asff/guardduty.h"
#include "core/check.h"
#include "samples/detail/guardduty.h"
#include "samples/detail/scanners.h"

namespace tocsin::samples {
namespace {

using detail::World;

Sample guardduty_native(std::size_t which, World& world) {
  const auto type = guardduty_types()[which];
  return {.kind = fmt::format("guardduty {}", type),
          .form = Form::guardduty_event,
          .document = detail::guardduty_event(type, world)};
}

Sample guardduty_asff(std::size_t which, World& world) {
  auto native = guardduty_native(which, world);
  auto finding = asff::from_guardduty(native.document.at("detail").get_object(), world.hub);
  check(finding.has_value(), "a GuardDuty sample converts");
  return {.kind = std::move(native.kind), .form = Form::asff, .document = std::move(*finding)};
}

std::size_t guardduty_kinds() {
  return guardduty_types().size();
}

struct Family {
  std::size_t (*kinds)();
  Sample (*make)(std::size_t which, World& world);
  std::uint64_t weight;  // of all that `generate` draws
};

constexpr Family families[] = {{guardduty_kinds, guardduty_native, 3},
                               {guardduty_kinds, guardduty_asff, 3},
                               {detail::prowler_kinds, detail::prowler, 5},
                               {detail::trivy_kinds, detail::trivy, 2},
                               {detail::inspector_kinds, detail::inspector, 2}};

// Findings of `generate` are numbered from here on, those of `one_of_each` below it.
constexpr std::uint64_t first_drawn = 1'000'000;

}  // namespace

std::vector<Sample> one_of_each(const Options& options) {
  std::vector<Sample> out;
  std::uint64_t number = 0;
  for (const auto& family : families) {
    for (std::size_t which = 0; which < family.kinds(); ++which) {
      World world{options, number++};
      out.push_back(family.make(which, world));
    }
  }
  return out;
}

std::vector<Sample> generate(const Options& options, std::size_t count) {
  std::uint64_t weights = 0;
  for (const auto& family : families) weights += family.weight;
  std::vector<Sample> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    World world{options, first_drawn + i};
    auto drawn = world.below(weights);
    const Family* family = families;
    while (drawn >= family->weight) drawn -= (family++)->weight;
    out.push_back(family->make(world.below(family->kinds()), world));
  }
  return out;
}

}  // namespace tocsin::samples
