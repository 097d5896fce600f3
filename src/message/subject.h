// What a message is about, in a form that a digest of many messages is made from. Pure.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::message {

struct Subject {
  std::string_view severity = {};  // "HIGH"; empty: it has none
  std::string_view type = {};      // "Blocked", a finding's type: what is counted together
  std::string_view title = {};     // as it is read
  std::string_view id = {};        // the finding's; empty: none
};

// JSON {"type", "title", "severity"?, "id"?}, the texts cut to what a digest has room for. For
// store::Delivery::summary.
std::string summary(const Subject& subject);

}  // namespace tocsin::message
