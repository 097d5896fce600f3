// How a command reaches its server.
#pragma once

#include <memory>

#include "app/client.h"
#include "app/commands.h"

namespace tocsin::app {

struct Connection {
  std::unique_ptr<Client> client;
  Identity identity;  // the server's, as it says
};

// Reads the credentials and asks the server whose it is. Error: unavailable; denied; validation, where the flags say
// something else than the server.
Result<Connection> connect(const ClientFlags& flags);

// Says why a command failed, in JSON too where that was asked for; returns the exit code.
int report_failure(const ClientFlags& flags, const Error& error);

}  // namespace tocsin::app
