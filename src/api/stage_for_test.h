// A whole server for tests: store, front, HTTP on a free port, and a small service behind each protocol.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "api/front.h"
#include "core/check.h"
#include "http/client_for_test.h"
#include "http/routes.h"
#include "http/server.h"
#include "sigv4/sigv4.h"

namespace tocsin::api {

// Operations under the names of real ones, so that their models apply; what they do is small.
void add_test_services(service::Directory& directory);

class Stage {
 public:
  static constexpr const char* key_id = "AKIAIOSFODNN7EXAMPLE";
  static constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

  explicit Stage(FrontOptions options = {});
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  struct Call {
    std::string service;
    std::string method = "POST";
    std::string target = "/";
    http::Headers headers = {};
    std::string body = {};
    bool sign = true;
    std::string with_key = key_id;
    std::string with_secret = secret;
    std::string region = "us-east-1";
    std::chrono::seconds clock_ahead{0};  // the client's clock
    std::string change_body_to = {};      // after signing
  };
  // The request's bytes, signed as asked for.
  std::string bytes(const Call& call) const;
  http::TestClient::Response send(const Call& call) const;
  // Shorthands of the three protocols.
  http::TestClient::Response json(const std::string& service, const std::string& target, const std::string& body,
                                  const std::string& version = "1.1") const;
  http::TestClient::Response rest(const std::string& service, const std::string& method, const std::string& target,
                                  const std::string& body = {}) const;
  http::TestClient::Response query(const std::string& service, const std::string& form) const;

  std::filesystem::path folder;
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<store::Store> store;
  service::Directory directory;
  http::Pool pool{2};
  std::unique_ptr<Front> front;
  http::Routes routes{pool};
  std::unique_ptr<http::Server> server;
};

}  // namespace tocsin::api
