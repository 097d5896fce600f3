#include "api/output.h"

#include "api/render.h"

namespace tocsin::api {

http::Response render_answer(const Target& target, std::string_view request_id, json::object document) {
  http::Response response;
  response.headers.add("x-amzn-RequestId", std::string(request_id));
  switch (target.protocol) {
    case Protocol::json:
      render_json_answer(target, std::move(document), response);
      break;
    case Protocol::rest_json:
      render_rest_answer(target, std::move(document), response);
      break;
    case Protocol::query:
      render_query_answer(target, request_id, document, response);
      break;
  }
  return response;
}

}  // namespace tocsin::api
