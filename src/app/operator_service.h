// Operations of our own that AWS has no API for ("tocsin", model in models/tocsin.json): what is blocked and why, and
// the way back.
#pragma once

#include "service/service.h"

namespace tocsin::app {

class Engine;

// GetInstallation, and the operations of containment and findings. The engine must outlive it.
service::Service operator_service(Engine& engine);

}  // namespace tocsin::app
