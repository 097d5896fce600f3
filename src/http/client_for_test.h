// A plain blocking client for tests: writes bytes, reads one response.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/check.h"

namespace tocsin::http {

class TestClient {
 public:
  // `from`: the client's own address, another of the loopback network.
  explicit TestClient(unsigned short port, const char* from = "127.0.0.1")
      : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    inet_pton(AF_INET, from, &own.sin_addr);
    void* own_generic = &own;
    check(bind(socket_, static_cast<sockaddr*>(own_generic), sizeof own) == 0, "the test client has an address");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};  // so that a broken server fails the test and does not hang it
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    void* generic = &address;
    check(connect(socket_, static_cast<sockaddr*>(generic), sizeof address) == 0, "the test client connects");
  }
  ~TestClient() { close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  struct Response {
    int status = 0;  // 0: the server closed without an answer
    std::string head, body;
    std::string header(std::string_view name) const {
      const auto at = head.find("\r\n" + std::string(name) + ": ");
      if (at == std::string::npos) return {};
      const auto from = at + name.size() + 4;
      return head.substr(from, head.find("\r\n", from) - from);
    }
  };

  Response receive(bool has_body = true) {
    Response response;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!fill()) return response;
    response.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    response.status = std::atoi(response.head.substr(9, 3).c_str());
    const std::string length = response.header("Content-Length");
    const std::size_t size = has_body && !length.empty() ? std::strtoul(length.c_str(), nullptr, 10) : 0;
    while (buffer_.size() < size && fill()) {
    }
    response.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return response;
  }

  // True once the server has closed and nothing more came; false too if it keeps the connection open.
  bool at_end() { return buffer_.empty() && !fill() && closed_; }

 private:
  bool fill() {
    char bytes[65536];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    closed_ = got == 0 || (got < 0 && errno == ECONNRESET);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  int socket_;
  bool closed_ = false;
  std::string buffer_;
};

}  // namespace tocsin::http
