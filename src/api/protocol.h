// Which service, protocol and operation a request is for.
#pragma once

#include <string>
#include <string_view>

#include "api/model.h"
#include "api/wire_text.h"
#include "http/message.h"

namespace tocsin::api {

enum class Protocol { rest_json, json, query };

// What a request asks for, as far as it can be told. `operation` is null where it is not known; then the name says
// what was asked for, if anything was.
struct Target {
  Protocol protocol = Protocol::rest_json;
  const Model* model = nullptr;
  std::string service;  // the signing name
  std::string name;     // of the operation
  const OperationModel* operation = nullptr;
  Parameters labels;         // rest-json
  Parameters form;           // query
  bool query_mode = false;   // x-amzn-query-mode: true
  std::string problem;       // why no operation could be told, in words; may be empty
  std::string problem_code;  // its AWS code
};

// `scope_service` is the credential scope's, or empty without a signature. Never fails: what is not understood is in
// the target's problem, and its protocol is the one in which to say so.
Target recognise(const Models& models, const http::Request& request, std::string_view scope_service);

}  // namespace tocsin::api
