#include "http/session.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>

namespace tocsin::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto nothrow_awaitable = asio::as_tuple(asio::use_awaitable);
// What is read and thrown away of a body that was refused, so that the client sees the refusal.
constexpr std::size_t drained_bytes_max = 64u << 20;
constexpr std::chrono::seconds drain_timeout{5};

// All copies of a Responder share one Reply; when the last is gone unanswered, the client gets 500.
class Reply final : public Responder::Channel {
 public:
  explicit Reply(std::shared_ptr<Exchange> exchange) : exchange_{std::move(exchange)} {}
  ~Reply() override {
    exchange_->send([] { return Response{.status = 500, .headers = {}, .body = {}}; });
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  void send(std::move_only_function<Response()> make) override { exchange_->send(std::move(make)); }
  void on_gone(std::function<void()> then) override { exchange_->on_gone(std::move(then)); }
  bool gone() const override { return exchange_->gone(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

// Bytes of request bodies held, of all and of one client; given back at the end of the exchange.
class Held {
 public:
  Held(Shared& all, RemoteClient& client) : all_{all}, client_{client} {}
  ~Held() { release(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  // 0, or the status to refuse with: with these there are too many.
  int grow_to(std::size_t bytes) {
    if (bytes <= bytes_) return 0;
    const std::size_t more = bytes - bytes_;
    bytes_ = bytes;
    const std::size_t of_all = all_.bodies_bytes.fetch_add(more) + more;
    const std::size_t of_client = client_.bodies_bytes.fetch_add(more) + more;
    const auto& options = all_.options;
    if (options.client_bodies_bytes_max > 0 && of_client > options.client_bodies_bytes_max) return 429;
    return of_all > options.bodies_bytes_max ? 503 : 0;
  }
  // The body is gone.
  void release() {
    all_.bodies_bytes -= bytes_;
    client_.bodies_bytes -= std::exchange(bytes_, 0);
  }

 private:
  Shared& all_;
  RemoteClient& client_;
  std::size_t bytes_ = 0;
};

std::string origin_form(std::string_view target) {
  // A proxy sends the absolute form (RFC 9112, section 3.2.2); the signature covers the path.
  if (!target.starts_with("http://") && !target.starts_with("https://")) return std::string(target);
  const auto slash = target.find('/', target.find("//") + 2);
  return slash == std::string_view::npos ? "/" : std::string(target.substr(slash));
}

std::string address_text(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

template <class Message>
Request request_of(const Message& message) {
  Request request{.method = std::string(message.method_string()),
                  .target = origin_form(message.target()),
                  .headers = {},
                  .body = {},
                  .remote = {}};
  for (const auto& field : message) request.headers.add(std::string(field.name_string()), std::string(field.value()));
  return request;
}

int status_of(const beast::error_code& failed) {
  using beast::http::error;
  if (failed == error::header_limit || failed == error::buffer_overflow) return 431;
  if (failed == error::body_limit) return 413;
  if (failed == error::end_of_stream || failed == error::partial_message) return 0;
  // Everything else of the parser's is the client's mistake; what the socket says ends the connection.
  static const auto& parsing = beast::http::make_error_code(error::bad_target).category();
  return failed.category() == parsing ? 400 : 0;
}

}  // namespace

Session::Session(tcp::socket socket, std::shared_ptr<RemoteClient> client, std::shared_ptr<Loop> loop,
                 std::shared_ptr<Shared> shared)
    : loop_{std::move(loop)},
      shared_{std::move(shared)},
      client_{std::move(client)},
      stream_{std::move(socket)},
      buffer_{shared_->options.header_bytes_max + 65536} {
  beast::error_code ignored;
  const auto remote = stream_.socket().remote_endpoint(ignored);
  remote_ = address_text(remote);
  over_loopback_ = stream_.socket().local_endpoint(ignored).address().is_loopback();
  stream_.socket().set_option(tcp::no_delay{true}, ignored);
  loop_->sessions.insert(this);
}

Session::~Session() {
  loop_->sessions.erase(this);
  shared_->clients.leave(*client_);
  --shared_->connections;
}

void Session::finish() {
  finishing_ = true;
  if (idle_) abort();
}

void Session::abort() {
  beast::error_code ignored;
  stream_.socket().close(ignored);
  if (exchange_) exchange_->abandon();
}

asio::awaitable<void> Session::run() {
  Next next = Next::another;
  while (next == Next::another) {
    // Apart, because GCC 12 runs a co_await on the right of && whatever the left is.
    const bool has_bytes = co_await wait_for_bytes();
    if (!has_bytes) break;
    next = co_await serve_one();
  }
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (next == Next::drain) co_await drain();
}

// Waits for the first byte of the next request; false if none comes.
asio::awaitable<bool> Session::wait_for_bytes() {
  if (finishing_ || shared_->stopping.load()) co_return false;
  if (buffer_.size() > 0) co_return true;
  idle_ = true;
  stream_.expires_after(shared_->options.idle_timeout);
  const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(16384), nothrow_awaitable);
  idle_ = false;
  if (error) co_return false;
  buffer_.commit(count);
  co_return true;
}

asio::awaitable<Session::Next> Session::serve_one() {
  const auto since = Clock::now();
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(shared_->options.header_bytes_max));
  parser.body_limit(boost::none);
  stream_.expires_after(shared_->options.head_timeout);
  auto [error, count] = co_await beast::http::async_read_header(stream_, buffer_, parser, nothrow_awaitable);
  Request request = request_of(parser.get());
  request.remote = remote_;
  request.over_loopback = over_loopback_;
  Access access{.remote = remote_, .method = request.method, .target = request.target, .notes = {}};

  int refused = 0;
  if (error) {
    refused = status_of(error);
    if (refused == 0) co_return Next::end;
  }
  Held held{*shared_, *client_};
  if (refused == 0) {
    const auto bytes = static_cast<std::size_t>(parser.content_length().value_or(0));
    if (bytes > shared_->options.body_bytes_max) refused = 413;
  }
  const bool expects_continue = beast::iequals(request.headers.get("Expect"), "100-continue");
  if (refused == 0) refused = co_await read_body(parser, expects_continue, held);
  if (refused < 0) co_return Next::end;

  const bool is_head = request.method == "HEAD";
  const bool may_keep = refused == 0 && parser.keep_alive();
  Response response;
  if (refused == 0) {
    request.body = std::move(parser.get().body());
    access.request_bytes = request.body.size();
    response = co_await run_handler(std::move(request));
  } else {
    response = refusal(request, refused);
    parser.get().body() = {};
  }
  held.release();  // before the answer: whoever has it may send the next one at once
  const bool keep_alive = may_keep && !response.close && !finishing_ && !shared_->stopping.load();
  const bool written = co_await write(response, is_head, keep_alive);
  log(std::move(access), response, since);
  if (!written) co_return Next::end;
  co_return refused != 0 ? Next::drain : keep_alive ? Next::another : Next::end;
}

// Returns 0, the status to refuse with, or -1 if the client went away.
template <class Parser, class Budget>
asio::awaitable<int> Session::read_body(Parser& parser, bool expects_continue, Budget& held) {
  if (parser.is_done()) co_return 0;
  parser.body_limit(shared_->options.body_bytes_max);
  stream_.expires_after(shared_->options.body_timeout);
  if (expects_continue && buffer_.size() == 0) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, count] = co_await asio::async_write(stream_, asio::buffer(go_on), nothrow_awaitable);
    if (error) co_return -1;
  }
  // Bytes are counted as they come: a length that is only announced must not keep others out.
  while (!parser.is_done()) {
    const auto [error, count] = co_await beast::http::async_read_some(stream_, buffer_, parser, nothrow_awaitable);
    if (error) {
      const int status = status_of(error);
      co_return status == 0 ? -1 : status;
    }
    if (const int refused = held.grow_to(parser.get().body().size()); refused != 0) co_return refused;
  }
  co_return 0;
}

asio::awaitable<Response> Session::run_handler(Request request) {
  stream_.expires_never();
  exchange_ = std::make_shared<Exchange>(loop_);
  watch_for_gone(exchange_);
  shared_->handler(std::move(request), Responder{std::make_shared<Reply>(exchange_)});
  co_await exchange_->wait();
  Response response =
      exchange_->has_response() ? exchange_->take() : Response{.headers = {}, .body = {}, .close = true};
  exchange_.reset();
  beast::error_code ignored;
  stream_.socket().cancel(ignored);  // the watch
  co_return response;
}

// While an answer is awaited nothing reads; so a closed connection shows as readable with nothing to read.
void Session::watch_for_gone(std::shared_ptr<Exchange> exchange) {
  stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this(),
                                                       weak = std::weak_ptr(exchange)](const beast::error_code& error) {
    const auto waiting = weak.lock();
    if (error || !waiting) return;
    char byte = 0;
    const auto got = ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    const bool is_open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
    if (!is_open) waiting->client_gone();
  });
}

asio::awaitable<bool> Session::write(const Response& response, bool head_only, bool keep_alive) {
  stream_.expires_after(shared_->options.write_timeout);
  const std::string head = response_head(response, response.body.size(), keep_alive);
  const bool has_body = !head_only && response.status != 204 && response.status != 304;
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head),
                                                  has_body ? asio::buffer(response.body) : asio::const_buffer{}};
  const auto [error, count] = co_await asio::async_write(stream_, buffers, nothrow_awaitable);
  co_return !error;
}

asio::awaitable<void> Session::drain() {
  stream_.expires_after(drain_timeout);
  std::vector<char> bin(65536);
  for (std::size_t read = 0; read < drained_bytes_max;) {
    const auto [error, count] = co_await stream_.async_read_some(asio::buffer(bin), nothrow_awaitable);
    if (error) co_return;
    read += count;
  }
}

void Session::log(Access access, const Response& response, Clock::time_point since) {
  if (!shared_->options.on_access) return;
  access.status = response.status;
  access.response_bytes = response.body.size();
  access.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since);
  access.notes = response.notes;
  shared_->options.on_access(access);
}

Response Session::refusal(const Request& head, int status) const {
  if (shared_->options.refuse) return shared_->options.refuse(head, status);
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::string(reason_phrase(status)) + "\n"};
}

}  // namespace tocsin::http
