// What a state machine or an activity is configured with beside its definition, and checks of it. Stored and shown; log
// groups, X-Ray and KMS are AWS's, nothing here writes to them.
#pragma once

#include "core/json.h"
#include "core/result.h"

namespace tocsin::workflows {

// The three configurations of `input`, completed with AWS's defaults; where `input` has none, that of `before` (empty:
// none before). Errors: InvalidLoggingConfiguration, InvalidEncryptionConfiguration.
Result<json::object> read_settings(const json::object& input, const json::object& before);
// encryptionConfiguration alone, completed.
Result<json::object> read_encryption(const json::object& input);
// Adds the stored configurations to a describe output.
void show_settings(const json::object& settings, json::object& answer);

}  // namespace tocsin::workflows
