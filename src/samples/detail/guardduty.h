// A GuardDuty finding of any type, in camelCase, as GuardDuty's event carries it.
#pragma once

#include "samples/detail/world.h"

namespace tocsin::samples::detail {

enum class Action : std::uint8_t {
  none,
  outbound,        // a connection from the resource
  inbound,         // a connection to it
  dns,             // a query for a name
  port_probe,      // an open port is being probed
  api_call,        // an AWS API was called
  kubernetes_api,  // a Kubernetes API was called
  login,           // somebody logs in to a database
};

struct Threat {
  std::string_view part;  // of the type's name
  Action action;
  double severity;
  std::string_view title;  // {what}: the resource; {remote}, {domain}, {port}, {who}: as far as the action has them
};

// The first threat whose part the type holds; every type has one.
const Threat& threat_of(std::string_view type);

struct Resource {
  json::object details;  // the finding's `resource`
  std::string name;      // as a sentence calls it
};
// What the type's middle part ("EC2", "IAMUser", "Kubernetes") is about.
Resource resource_of(std::string_view type, World& world);

json::object guardduty_event(std::string_view type, World& world);

}  // namespace tocsin::samples::detail
