// The invented account that the samples tell of, and the chance that draws from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/random.h"
#include "samples/samples.h"

namespace tocsin::samples::detail {

class World {
 public:
  // One finding's share of the seed: the same for the same options and number, whatever else is generated.
  World(const Options& options, std::uint64_t number);

  const Identity hub;
  const Time now;

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& pick(const T (&choices)[N]) {
    return choices[below(N)];
  }
  std::string hex(std::size_t digits);
  // An upper-case identifier as IAM's: prefix and letters, digits.
  std::string key_id(std::string_view prefix);
  std::string uuid() { return make_uuid(random_); }
  // Up to `most` before now, as a timestamp.
  Time time_before(std::chrono::minutes most);

  // An address somewhere else. About one in three is global; the others are documentation addresses (RFC 5737, RFC
  // 3849). The global ones are prefixes that carry routing experiments and no hosts (RIPE's RIS beacons,
  // APNIC's 1.2.3.0/24), so that nobody is accused or cut off.
  std::string remote_ipv4();
  std::string remote_ipv6();
  // A private address of the account.
  std::string local_ipv4();
  std::string domain();

  std::string arn(std::string_view service, std::string_view resource) const { return hub.arn(service, resource); }

 private:
  SeededRandom random_;
};

// "{name}" in `text` replaced by its value.
std::string filled(std::string_view text, std::initializer_list<std::pair<std::string_view, std::string_view>> values);

}  // namespace tocsin::samples::detail
