// A web server for tests: a real socket on a port of its own, one thread a connection, told how to answer each request.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/check.h"

namespace tocsin::webhook {

class Receiver {
 public:
  struct Seen {
    std::string path;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    std::chrono::steady_clock::time_point at;
  };
  // What is sent back as it is; "" closes without an answer, "reset" resets the connection, "silence" says nothing
  // until the receiver is destroyed, "slow" is 200 after 300 ms.
  using Script = std::function<std::string(const Seen&, std::size_t number)>;

  static std::string answer(int status, const std::string& headers = "", const std::string& body = "ok") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n" + headers + "\r\n" + body;
  }

  explicit Receiver(Script script = [](const Seen&, std::size_t) { return answer(200); }) : script_{std::move(script)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    check(::bind(listener_, plain, size) == 0 && ::listen(listener_, 64) == 0, "a test can listen");
    check(::getsockname(listener_, plain, &size) == 0, "a socket has a name");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  ~Receiver() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock{mutex_};
      for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
      changed_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::vector<Seen> seen() {
    std::lock_guard lock{mutex_};
    return seen_;
  }
  // Waits until so many requests have come; false after ten seconds.
  bool wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return seen_.size() >= count; });
  }

 private:
  void accept_all() {
    for (;;) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0 || stopping_) {
        if (connection >= 0) ::close(connection);
        return;
      }
      std::lock_guard lock{mutex_};
      connections_.push_back(connection);
      threads_.emplace_back([this, connection] { serve(connection); });
    }
  }

  static bool read_until(int connection, std::string& bytes, const std::function<bool()>& enough) {
    char buffer[4096];
    while (!enough()) {
      const auto count = ::recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) return false;
      bytes.append(buffer, static_cast<std::size_t>(count));
    }
    return true;
  }

  static Seen parse(const std::string& head) {
    Seen seen;
    seen.path = head.substr(head.find(' ') + 1, head.find(" HTTP") - head.find(' ') - 1);
    std::size_t line = head.find("\r\n") + 2;
    while (line < head.size()) {
      const auto end = head.find("\r\n", line);
      const auto colon = head.find(':', line);
      if (end == line || colon >= end) break;
      std::string name = head.substr(line, colon - line);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      const auto value = head.find_first_not_of(' ', colon + 1);
      seen.headers[name] = value < end ? head.substr(value, end - value) : "";
      line = end + 2;
    }
    return seen;
  }

  void serve(int connection) {
    std::string bytes;
    std::string said;
    if (read_until(connection, bytes, [&] { return bytes.find("\r\n\r\n") != std::string::npos; })) {
      const auto head_end = bytes.find("\r\n\r\n") + 4;
      Seen one = parse(bytes.substr(0, head_end));
      const std::size_t length = std::stoul("0" + one.headers["content-length"]);
      if (read_until(connection, bytes, [&] { return bytes.size() >= head_end + length; })) {
        one.body = bytes.substr(head_end, length);
        one.at = std::chrono::steady_clock::now();
        std::unique_lock lock{mutex_};
        seen_.push_back(one);
        const std::size_t number = seen_.size();
        changed_.notify_all();
        said = script_(one, number);
        if (said == "silence") changed_.wait(lock, [this] { return stopping_.load(); });
        if (said == "slow") {
          changed_.wait_for(lock, std::chrono::milliseconds{300}, [this] { return stopping_.load(); });
          said = answer(200);
        }
      }
    }
    if (said == "reset") {
      const linger at_once{1, 0};
      ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else if (said != "silence") {
      (void)::send(connection, said.data(), said.size(), MSG_NOSIGNAL);
    }
    std::lock_guard lock{mutex_};
    std::erase(connections_, connection);
    ::close(connection);
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
  std::mutex mutex_;  // guards what follows, and the script
  std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::webhook
