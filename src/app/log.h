// Structured logs on stderr: lines of key=value words, or JSON lines.
#pragma once

#include "app/config.h"

namespace tocsin::app {

void set_up_log(const Config& config);

}  // namespace tocsin::app
