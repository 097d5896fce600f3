// A plain HTTP/1.1 client: one blocking socket that is kept open, requests that were built and signed beforehand.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

namespace tocsin::bench {

// Where the server is and who calls it.
struct Target {
  std::string host;  // "127.0.0.1"
  unsigned short port = 0;
  std::string region;
  std::string access_key_id;
  Secret secret_access_key;

  std::string authority() const { return host + ":" + std::to_string(port); }
};

// The whole request as it goes over the wire: POST /findings/import, signed for `now`.
std::string import_request(const Target& target, std::string_view body, Time now);
std::string get_request(const Target& target, std::string_view path);

struct Answer {
  int status = 0;
  std::string body;
};

class Connection {
 public:
  // Error: unavailable.
  static Result<Connection> open(const Target& target);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  // Sends and reads one answer (Content-Length only: that is what this server sends). Error: unavailable.
  Result<Answer> exchange(std::string_view request);

 private:
  explicit Connection(int socket) : socket_{socket} {}
  Result<void> send_all(std::string_view bytes) const;
  Result<void> receive_more();

  int socket_ = -1;
  std::string received_;
};

// Sends one batch; how many findings were taken. Error: what the server refused.
Result<std::size_t> import_batch(Connection& connection, std::string_view request);

}  // namespace tocsin::bench
