// Operations of our own on deliveries ("tocsin", beside operator_service.h): what waits and what was given up, and
// sending it again or letting it go.
#pragma once

#include <vector>

#include "service/service.h"

namespace tocsin::app {

// ListDeliveries, DescribeDelivery, ResendDeliveries, DropDeliveries.
std::vector<service::Operation> deliveries_operations();

}  // namespace tocsin::app
