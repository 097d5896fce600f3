// Any finding: it is refused with words, or it goes the whole way and comes out valid.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asff/event.h"
#include "asff/filter.h"
#include "asff/guardduty.h"
#include "asff/merge.h"
#include "asff/update.h"
#include "asff/validate.h"
#include "core/check.h"

namespace {

using namespace tocsin;

void import(const json::object& finding) {
  const asff::ImportPolicy policy{.hub = {}, .any_account = true};
  const auto violations = asff::validate(finding, 1000, policy);
  if (!violations.empty()) {
    check(!asff::error_message(violations).empty(), "a refusal has words");
    check(violations.size() <= asff::violations_max, "violations are bounded");
    return;
  }
  const asff::ImportContext context{.hub = {}, .now = Time{}};
  const auto merged = asff::merge_import(nullptr, finding, context);
  check(asff::merge_import(nullptr, merged.finding, context).finding == merged.finding, "merging is idempotent");
  check(asff::merge_import(&merged.finding, finding, context).outcome == asff::ImportOutcome::ignored,
        "the same again is ignored");
  const auto event =
      asff::imported_event(to_json(merged.finding), asff::key_of(merged.finding), {.id = "", .time = {}, .hub = {}});
  check(parse_json_object(event).has_value(), "an event is JSON");
}

// Events of AWS are recorded even where AWS's own model would refuse them: merging takes any object.
void merge_anything(const json::object& finding) {
  const asff::ImportContext context{.hub = {}, .now = Time{}};
  const auto first = asff::merge_import(nullptr, finding, context).finding;
  auto later = finding;
  later["UpdatedAt"] = "9999-12-31T23:59:59Z";
  const auto second = asff::merge_import(&first, later, context);
  for (const auto& change : asff::changes_between(first, second.finding)) (void)asff::history_update(change);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = parse_json_object({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  import(*document);
  merge_anything(*document);
  if (const auto converted = asff::from_guardduty(*document, Identity{})) import(*converted);
  if (const auto filter = asff::Filter::compile(*document)) (void)filter->matches(*document, Time{});
  if (const auto update = asff::Update::compile(*document)) (void)update->apply(*document, Time{});
  return 0;
}
