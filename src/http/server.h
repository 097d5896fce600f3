// The HTTP/1.1 server: accepts connections, reads whole requests within limits, hands them to one handler, writes what
// it answers. N network threads, each with its own event loop; a connection stays on one thread. It decides nothing
// about a request but its limits, and speaks no TLS: a proxy in front does.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "http/message.h"

namespace tocsin::http {

// One exchange, for the access log.
struct Access {
  std::string remote, method, target;
  int status = 0;
  std::size_t request_bytes = 0, response_bytes = 0;
  std::chrono::microseconds duration{0};  // from the whole head read to the response written
  Notes notes;
};

struct ServerOptions {
  std::string listen = "127.0.0.1:4747";  // "HOST:PORT", "[IPv6]:PORT"; port 0 takes a free one
  int threads = 2;
  std::size_t header_bytes_max = 64u << 10;
  std::size_t body_bytes_max = 8u << 20;
  // Bodies held at once, over all connections; past it a request is refused with 503.
  std::size_t bodies_bytes_max = 512u << 20;
  std::size_t connections_max = 10'000;  // past it new ones are closed at once
  // The most that one remote address (of IPv6 one /64) may have of the two; 0: all. Past it a request is refused with
  // 429, and a new connection closed at once.
  std::size_t client_bodies_bytes_max = 128u << 20;
  std::size_t client_connections_max = 2'500;
  std::chrono::milliseconds head_timeout = std::chrono::seconds{30};   // from the first byte to the end of the head
  std::chrono::milliseconds body_timeout = std::chrono::seconds{60};   // for the whole body
  std::chrono::milliseconds write_timeout = std::chrono::seconds{60};  // for the whole response
  std::chrono::milliseconds idle_timeout = std::chrono::seconds{75};   // between requests
  // Words a refusal that the server itself makes (400, 413, 429, 431, 503) in the caller's protocol; `head` has no
  // body.
  std::function<Response(const Request& head, int status)> refuse = {};
  std::function<void(const Access&)> on_access = {};  // on the connection's thread; must be quick
};

class Server {
 public:
  // Binds and listens, and raises the process's soft limit of open files to what connections_max needs (as far as the
  // hard limit lets); no request is taken before start(). Error: unavailable (address in use), validation.
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, Handler handler);
  ~Server();

  void start();
  // Takes no new connections, lets the requests under way finish (at most `patience`), closes, joins the threads.
  // Whoever makes clients wait (long polls) should answer them first.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds{10});

  // "127.0.0.1:4747", with the port that was taken.
  const std::string& address() const;
  unsigned short port() const;
  bool on_loopback() const;
  std::size_t connections() const;

  class Core;

 private:
  explicit Server(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace tocsin::http
