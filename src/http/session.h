// One connection and one event loop. Inside this folder only: Asio and Beast stay in here.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "http/clients.h"
#include "http/server.h"

namespace tocsin::http {

class Session;

// A network thread's loop. Exchanges keep it alive, so that an answer may come after the server is gone.
struct Loop {
  boost::asio::io_context context{1};
  std::thread thread;
  std::set<Session*> sessions;  // this thread only

  // Runs `work` on the loop's thread; false (and nothing is run) once the loop is closed.
  bool post(std::move_only_function<void()> work);
  void close();

 private:
  std::mutex mutex_;
  bool open_ = true;
};

// What all connections share.
struct Shared {
  ServerOptions options;
  Handler handler;
  Clients clients;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> bodies_bytes = 0;
  std::atomic<bool> stopping = false;
};

// A request that waits for its answer.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(std::shared_ptr<Loop> loop) : loop_{std::move(loop)}, wake_{loop_->context} {}

  // Any thread.
  void send(std::move_only_function<Response()> make);
  void on_gone(std::function<void()> then);
  bool gone() const { return gone_.load(); }

  // The connection's thread.
  void client_gone();
  void abandon();  // stops waiting without an answer
  boost::asio::awaitable<void> wait();
  bool has_response() const { return has_response_; }
  Response take() { return std::move(response_); }

 private:
  std::shared_ptr<Loop> loop_;
  boost::asio::steady_timer wake_;
  Response response_;
  bool has_response_ = false;
  bool abandoned_ = false;
  std::atomic<bool> answered_ = false;
  std::atomic<bool> gone_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> on_gone_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, std::shared_ptr<RemoteClient> client, std::shared_ptr<Loop> loop,
          std::shared_ptr<Shared> shared);
  ~Session();

  boost::asio::awaitable<void> run();
  // On the connection's thread: ends it now if it is idle, else after the answer under way.
  void finish();
  // Ends it at once.
  void abort();

 private:
  struct Head {
    Request request;
    bool keep_alive = false;
    bool expects_continue = false;
  };
  enum class Next { another, end, drain };

  boost::asio::awaitable<bool> wait_for_bytes();
  boost::asio::awaitable<Next> serve_one();
  template <class Parser, class Budget>
  boost::asio::awaitable<int> read_body(Parser& parser, bool expects_continue, Budget& held);
  boost::asio::awaitable<Response> run_handler(Request request);
  boost::asio::awaitable<bool> write(const Response& response, bool head_only, bool keep_alive);
  boost::asio::awaitable<void> drain();
  void watch_for_gone(std::shared_ptr<Exchange> exchange);
  void log(Access access, const Response& response, std::chrono::steady_clock::time_point since);
  Response refusal(const Request& head, int status) const;

  std::shared_ptr<Loop> loop_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<RemoteClient> client_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::string remote_;
  bool over_loopback_ = false;
  bool idle_ = true;
  bool finishing_ = false;
  std::shared_ptr<Exchange> exchange_;
};

// The head of a response as it goes on the wire.
std::string response_head(const Response& response, std::size_t body_bytes, bool keep_alive);

}  // namespace tocsin::http
