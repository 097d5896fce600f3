// Whose store this is. A store remembers its account, region and partition: every ARN in it names them, so under
// others half of what it holds could not be found any more.
#pragma once

#include <span>

#include "app/config.h"
#include "store/store.h"

namespace tocsin::app {

std::span<const store::Migration> installation_migrations();

// The identity to run with: the store's own where it has one, else the configuration's. Stores from before they
// remembered it are known by the ARNs of their stacks. Error: conflict, if the configuration asks for another one,
// naming both.
Result<Identity> identity_of(const store::Store& store, const Config& config);

// Makes the store remember it.
void remember(store::Transaction& transaction, const Identity& identity);

}  // namespace tocsin::app
