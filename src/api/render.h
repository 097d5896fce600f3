// One answer in each protocol. Inside this folder only.
#pragma once

#include "api/output.h"

namespace tocsin::api {

void render_json_answer(const Target& target, json::object document, http::Response& response);
void render_rest_answer(const Target& target, json::object document, http::Response& response);
void render_query_answer(const Target& target, std::string_view request_id, const json::object& document,
                         http::Response& response);

}  // namespace tocsin::api
