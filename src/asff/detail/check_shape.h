// Checks a document against a shape of the table.
#pragma once

#include <vector>

#include "asff/detail/shape_table.h"
#include "asff/validate.h"

namespace tocsin::asff::detail {

// A place in a document, as a chain of steps up to the root; written out only where something is wrong.
struct Place {
  const Place* up = nullptr;
  std::string_view name = {};  // a member; empty: the element `index`, or the root
  std::size_t index = 0;
};
std::string path_of(const Place& place);

struct Leniency {
  // AWS's own products put empty values into maps and more than 50 into ProductFields, past the check that callers go
  // through.
  bool maps_free = false;
};

// Adds what is wrong to `out`, up to violations_max of them. Members that a structure does not know are passed over.
void check_shape(const json::value& value, const Shape& shape, const Place& place, const Leniency& leniency,
                 std::vector<Violation>& out);
void check_finding_shape(const json::object& finding, const Leniency& leniency, std::vector<Violation>& out);

}  // namespace tocsin::asff::detail
