// A client of a running server for the commands (import, findings, blocks): signed requests, answers as documents.
#pragma once

#include <memory>
#include <string>

#include "core/identity.h"
#include "core/json.h"
#include "core/result.h"
#include "core/secret.h"

namespace tocsin::app {

struct Endpoint {
  std::string url;  // "http://127.0.0.1:4747"
  std::string region;
  std::string access_key_id;
  Secret secret_access_key;
};

// Reads `DIR/credentials` (the AWS shared-credentials format). Error: unavailable, with what to do (there are none);
// validation (no http URL, no keys in the file).
Result<Endpoint> endpoint_from(const std::string& data_folder, std::string url, const std::string& region);

class Client {
 public:
  explicit Client(Endpoint endpoint);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Asks the server whose it is, and signs for its region from then on.
  Result<Identity> identify();

  // A rest-json request ("POST", "/findings/import"). Error: the service's own, with its code in aws_code; unavailable
  // if nobody answers.
  Result<json::object> rest(std::string_view service, std::string_view method, std::string_view path,
                            std::string_view body);
  // A JSON 1.0 request with a target ("DynamoDB_20120810.Scan").
  Result<json::object> json_target(std::string_view service, std::string_view target, std::string_view body);

 private:
  struct Wire;
  struct Reply;
  struct Request {
    std::string_view service, method, path, body, content_type, target;
  };
  Result<json::object> send(const Request& request);
  Result<Reply> exchange(const Request& request);

  Endpoint endpoint_;
  std::unique_ptr<Wire> wire_;
};

}  // namespace tocsin::app
