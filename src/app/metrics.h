// GET /metrics: what the engine can count, in the text format of Prometheus.
#pragma once

#include <string>

namespace tocsin::app {

class Engine;

std::string metrics_text(Engine& engine);

}  // namespace tocsin::app
