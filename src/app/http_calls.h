// Calls of HTTP endpoints for workflow tasks: the connection from the store, the request from the connections room, the
// wire from the web hooks' client.
#pragma once

#include <functional>

#include "connections/connections.h"
#include "webhook/webhook.h"
#include "workflows/outside.h"

namespace tocsin::app {

using FindConnection = std::function<Result<connections::Connection>(std::string_view arn)>;

// `webhooks` must outlive the calls.
workflows::CallOutside http_calls(FindConnection find, webhook::Webhooks& webhooks);

}  // namespace tocsin::app
