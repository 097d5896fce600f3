// Numbers and addresses for the reference matcher, by the C library.
#pragma once

#include <optional>
#include <string>

namespace tocsin::pattern {

// The binary64 whose shortest decimal the JSON number is; nothing if it is that of none.
std::optional<double> comparable(const std::string& text);
bool same_number(const std::string& a, const std::string& b);
// Whether the text is an address in the net, "address/length".
bool in_net(const std::string& net, const std::string& text);

}  // namespace tocsin::pattern
