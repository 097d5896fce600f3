// What the front needs to know of an access key, and the port that it asks.
#pragma once

#include <functional>

#include "core/secret.h"
#include "service/service.h"

namespace tocsin::service {

struct Credential {
  Secret secret;
  Caller caller;
};

// Error: denied if there is no such key. Called for each request, on network threads: must be quick and thread-safe.
using Credentials = std::function<Result<Credential>(std::string_view access_key_id)>;

}  // namespace tocsin::service
