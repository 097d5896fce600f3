// How soon an event is to be looked at. Inside this folder only.
#pragma once

#include <string_view>

#include "store/outbox.h"

namespace tocsin::rules {

// alert: it holds a CRITICAL finding, or an analyst sent it (a custom action). bulk: all its findings are of MEDIUM
// severity or below. notice: everything else, also what cannot be read.
store::Lane lane_of_event(std::string_view event);

}  // namespace tocsin::rules
