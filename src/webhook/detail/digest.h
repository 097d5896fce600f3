// Digests of messages for Slack. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/outbox.h"

namespace tocsin::webhook {

// Adds summaries to what was gathered: counts by severity and type, and the first of the most severe ones. Summaries
// that cannot be read are counted.
std::string fold_summaries(std::string_view gathered, const std::vector<std::string>& summaries);
// Slack's body, and the context: the one of `first` without what is about it alone.
std::pair<std::string, std::string> compose_digest(std::string_view gathered, const store::Delivery& first);

}  // namespace tocsin::webhook
