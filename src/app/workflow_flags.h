// Flags of `tocsin workflow …`, `tocsin executions …` and `tocsin deliveries …`.
#pragma once

#include <CLI/CLI.hpp>

#include "app/commands.h"

namespace tocsin::app {

// `code` gets the exit code of the command that ran.
void add_workflow(CLI::App& app, int& code);

// The flags of every command that asks a server (main.cpp has them).
void add_client_flags(CLI::App& command, ClientFlags& flags);
void add_executions(CLI::App& app, int& code);
void add_deliveries(CLI::App& app, int& code);

}  // namespace tocsin::app
