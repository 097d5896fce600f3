// Findings for the load: the samples' shapes and texts, with ids of their own, as request bodies of
// BatchImportFindings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/identity.h"

namespace tocsin::bench {

enum class Kind {
  quiet,     // severity LOW: no rule of the stacks matches
  alarming,  // severity HIGH: becomes an incident
  hostile,   // severity HIGH from GuardDuty, and names an address that is to be blocked
};
const char* to_text(Kind kind);

class FindingMaker {
 public:
  FindingMaker(const Identity& hub, Time now);

  // One finding. The same number gives the same finding; another number another id.
  std::string finding(Kind kind, std::uint64_t number) const;
  // {"Findings": [count findings, numbered from `first`]}
  std::string batch(Kind kind, std::uint64_t first, std::size_t count) const;
  // The address that the hostile finding of that number names: a global one, distinct below 16,777,216, and scattered,
  // so that prefixes do not merge.
  static std::string address(std::uint64_t number);

 private:
  // A sample's text, cut where number and address go in.
  struct Cut {
    std::string text;  // what stands before the mark
    enum class Mark { none, id, address } then;
  };
  using Template = std::vector<Cut>;

  std::vector<Template> quiet_, alarming_, hostile_;
};

}  // namespace tocsin::bench
