// HTTP requests and responses as values. Nothing here knows sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::http {

// Field names compare without regard to case; order is kept.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_{fields} {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // Replaces the first of that name, or adds.
  void set(std::string_view name, std::string value);
  // The first value of that name; empty where there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;
  std::string target;  // path and query as sent
  Headers headers;
  std::string body;
  std::string remote;          // "192.0.2.7:50124"
  bool over_loopback = false;  // the connection is to a loopback address of this machine

  std::string_view path() const;
  std::string_view query() const;
};

// Details of one exchange for the access log ("service", "sqs"), set by whoever knows them.
using Notes = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  bool close = false;  // end the connection after it
  Notes notes = {};
};

const char* reason_phrase(int status);

// The way back to the client. Copies share it. One answer is sent: the first; later ones are dropped. If all copies
// are gone without an answer, the client gets 500.
class Responder {
 public:
  class Channel {
   public:
    virtual ~Channel() = default;
    // Each may be called from any thread. `make` runs on the connection's own thread.
    virtual void send(std::move_only_function<Response()> make) = 0;
    virtual void on_gone(std::function<void()> then) = 0;
    virtual bool gone() const = 0;
  };
  explicit Responder(std::shared_ptr<Channel> channel) : channel_{std::move(channel)} {}

  void send(Response response) const;
  // The same, but the response is made on the connection's thread (to keep that work off the caller's).
  void send(std::move_only_function<Response()> make) const { channel_->send(std::move(make)); }
  // Calls `then` once if the client goes away before it is answered (at once if it has gone already). Runs on the
  // connection's thread; must not block.
  void on_gone(std::function<void()> then) const { channel_->on_gone(std::move(then)); }
  bool gone() const { return channel_->gone(); }

 private:
  std::shared_ptr<Channel> channel_;
};

// Called on the connection's thread; must not block. The answer may be sent later, from any thread.
using Handler = std::function<void(Request, Responder)>;

}  // namespace tocsin::http
