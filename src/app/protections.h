// What is never blocked by default: the resolvers that everybody uses, and what this machine itself needs to be reached
// and to reach others. A block of one of them would do more harm than any attacker behind it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "containment/containment.h"

namespace tocsin::app {

// The addresses of this machine's interfaces (loopback and link-local left out), its default gateways, and the name
// servers of /etc/resolv.conf, as they are now.
struct Machine {
  std::vector<std::string> addresses, gateways, name_servers;
};
Machine look_at_machine();

// The entries of the never-block list that the configuration asks for.
std::vector<containment::Containment::Protection> protections(const Config& config, const Machine& machine);

// From the texts of /etc/resolv.conf, /proc/net/route and /proc/net/ipv6_route.
std::vector<std::string> name_servers_in(std::string_view resolv_conf);
std::vector<std::string> ipv4_gateways_in(std::string_view routes);
std::vector<std::string> ipv6_gateways_in(std::string_view routes);

}  // namespace tocsin::app
