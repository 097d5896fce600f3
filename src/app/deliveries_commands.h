// The commands `tocsin deliveries …`: what waits to be told and what was given up, by destination, and sending it
// again. Exit codes as commands.h has them.
#pragma once

#include <string>
#include <vector>

#include "app/commands.h"

namespace tocsin::app {

struct DeliveriesFlags {
  ClientFlags client;
  std::string kind;
  bool waiting = false, given_up = false;  // only these
  std::size_t limit = 50;
  std::vector<std::string> ids;
  bool all = false;  // all that were given up
};

int run_deliveries_list(const DeliveriesFlags& flags);
int run_deliveries_show(const DeliveriesFlags& flags);
int run_deliveries_resend(const DeliveriesFlags& flags);
int run_deliveries_drop(const DeliveriesFlags& flags);

}  // namespace tocsin::app
