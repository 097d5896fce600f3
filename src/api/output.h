// From documents to the wire: answers and errors in the caller's protocol.
#pragma once

#include <string>
#include <string_view>

#include "api/protocol.h"
#include "core/json.h"
#include "core/result.h"
#include "http/message.h"

namespace tocsin::api {

http::Response render_answer(const Target& target, std::string_view request_id, json::object document);

// `status` overrides what the error's name and code would give (0: it does not).
http::Response render_error(const Target& target, std::string_view request_id, const Error& error, int status = 0);

// The document as the shape's JSON on the wire: timestamps converted, wire names if asked for.
void to_wire_json(json::object& document, const Shape& shape, bool wire_names);

// The members of `document` as XML elements.
void write_xml(std::string& out, const json::object& document, const Shape& shape);
void write_xml_text(std::string& out, std::string_view text);

}  // namespace tocsin::api
