// From the wire to documents: what came in is read by the shape that the model gives it, and checked against the
// shape's constraints. Documents hold the model's member names, RFC 3339 timestamps and base64 blobs whatever the
// protocol; members that the model does not know are dropped, nulls are taken for absent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/model.h"
#include "api/wire_text.h"
#include "core/json.h"
#include "http/message.h"

namespace tocsin::api {

// How a service words what is wrong with an input.
enum class Wording {
  coral,  // "1 validation error detected: Value 'x' at 'y' failed to satisfy constraint: …"
  ajv,    // Security Hub: "Invalid parameter 'Findings'. data.Findings should NOT have more than 100 items"
};

struct InputOptions {
  bool wire_names = false;  // JSON bodies use locationName (rest-json), or ignore it (aws-json)
  Wording wording = Wording::coral;
};

// A JSON body (may be empty: no members). Error: validation, SerializationException.
Result<json::object> decode_json(std::string_view body, const Shape& shape, const InputOptions& options);
// A query form. Error: validation, MalformedInput.
Result<json::object> decode_query(const Parameters& form, const Shape& shape);
// A REST request: labels of the path, query, headers and body. Error: as decode_json.
Result<json::object> decode_rest(const http::Request& request, const Parameters& labels, std::string_view body,
                                 const Shape& shape, const InputOptions& options);
// Text of one value, in labels, headers and forms.
Result<json::value> decode_text(std::string_view text, const Member& member, std::string_view default_time_format);

struct Violation {
  std::string text;         // in the service's wording
  std::string top;          // the input's member that it is in
  bool is_missing = false;  // a required member of the input itself is absent
};

struct ValidateOptions {
  Wording wording = Wording::coral;
  bool enums = true;  // false: the service words wrong names itself
};

// All violations (at most 100) in the model's order.
std::vector<Violation> validate(const json::object& input, const Shape& shape, const ValidateOptions& options);
// One message of them all.
std::string violations_text(const std::vector<Violation>& violations, Wording wording);

}  // namespace tocsin::api
