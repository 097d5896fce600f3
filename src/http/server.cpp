#include "http/server.h"

#include <charconv>
#include <condition_variable>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include "http/session.h"

namespace tocsin::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// After a failed accept (no file descriptors left, say) it is tried again that much later.
constexpr std::chrono::milliseconds accept_pause{50};
constexpr std::chrono::milliseconds stop_poll{5};
// How long aborted connections may take to unwind before their loop is stopped under them.
constexpr std::chrono::seconds abort_patience{2};

Result<tcp::endpoint> endpoint_of(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(ErrorCode::validation, fmt::format("'{}' is no HOST:PORT to listen on", text));
  auto host = text.substr(0, colon);
  const auto port_text = text.substr(colon + 1);
  unsigned short port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size())
    return fail(ErrorCode::validation, fmt::format("'{}' is no port to listen on (in '{}')", port_text, text));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code failed;
  if (const auto address = asio::ip::make_address(host, failed); !failed) return tcp::endpoint{address, port};
  asio::io_context context;
  tcp::resolver resolver{context};
  const auto found = resolver.resolve(host, std::to_string(port), failed);
  if (failed || found.empty())
    return fail(ErrorCode::validation, fmt::format("no address is known for '{}' (in '{}')", host, text));
  return found.begin()->endpoint();
}

// A connection is a descriptor, and the usual soft limit of 1,024 is far below what may wait here.
void allow_descriptors(std::size_t connections_max) {
  constexpr rlim_t others = 256;  // store, log, outgoing connections
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, connections_max + others);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

class Server::Core {
 public:
  Core(ServerOptions options, Handler handler) : shared{std::make_shared<Shared>()} {
    shared->options = std::move(options);
    shared->handler = std::move(handler);
    while (static_cast<int>(loops.size()) < shared->options.threads) loops.push_back(std::make_shared<Loop>());
  }

  Result<void> open() {
    auto endpoint = endpoint_of(shared->options.listen);
    if (!endpoint) return pass_on(endpoint);
    boost::system::error_code error;
    acceptor.open(endpoint->protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      return fail(ErrorCode::unavailable,
                  fmt::format("cannot listen on {}: {}", shared->options.listen, error.message()));
    allow_descriptors(shared->options.connections_max);
    const auto local = acceptor.local_endpoint(error);
    port = local.port();
    on_loopback = local.address().is_loopback();
    const auto host = local.address().to_string();
    address = fmt::format(fmt::runtime(local.address().is_v6() ? "[{}]:{}" : "{}:{}"), host, port);
    return {};
  }

  void start() {
    running = true;
    for (auto& loop : loops) {
      guards.emplace_back(loop->context.get_executor());
      loop->thread = std::thread{[loop] { loop->context.run(); }};
      pthread_setname_np(loop->thread.native_handle(), "network");
    }
    asio::co_spawn(loops[0]->context, accept(), [](const std::exception_ptr&) {});
  }

  asio::awaitable<void> accept() {
    std::size_t turn = 0;
    while (acceptor.is_open()) {
      const auto loop = loops[turn++ % loops.size()];
      auto [error, socket] = co_await acceptor.async_accept(loop->context, asio::as_tuple(asio::use_awaitable));
      if (!acceptor.is_open()) co_return;
      if (error) {
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        continue;
      }
      if (shared->connections.load() >= shared->options.connections_max) continue;  // closes it
      boost::system::error_code gone;
      const auto remote = socket.remote_endpoint(gone);
      if (gone) continue;
      auto client = shared->clients.enter(remote.address(), shared->options.client_connections_max);
      if (!client) continue;
      ++shared->connections;
      const bool taken = loop->post([loop, client, all = shared, taken_socket = std::move(socket)]() mutable {
        spawn(std::move(taken_socket), std::move(client), std::move(loop), std::move(all));
      });
      if (taken) continue;
      shared->clients.leave(*client);
      --shared->connections;
    }
  }

  static void spawn(tcp::socket socket, std::shared_ptr<RemoteClient> client, std::shared_ptr<Loop> loop,
                    std::shared_ptr<Shared> all) {
    auto session = std::make_shared<Session>(std::move(socket), std::move(client), loop, std::move(all));
    Session& started = *session;
    asio::co_spawn(loop->context, started.run(), [session = std::move(session)](const std::exception_ptr&) {});
  }

  void for_each_session(void (Session::*what)()) {
    for (auto& loop : loops) {
      loop->post([loop, what] {
        // What is done to a session may end it.
        std::vector<std::shared_ptr<Session>> sessions;
        for (auto* session : loop->sessions) sessions.push_back(session->shared_from_this());
        for (const auto& session : sessions) (session.get()->*what)();
      });
    }
  }

  void wait_for_sessions(std::chrono::milliseconds patience) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (shared->connections.load() > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(stop_poll);
  }

  void stop(std::chrono::milliseconds patience) {
    if (!running) return;
    running = false;
    shared->stopping = true;
    loops[0]->post([this] {
      boost::system::error_code ignored;
      acceptor.close(ignored);
      pause.cancel();
    });
    for_each_session(&Session::finish);
    wait_for_sessions(patience);
    for_each_session(&Session::abort);
    wait_for_sessions(abort_patience);
    for (auto& loop : loops) loop->close();
    guards.clear();
    if (shared->connections.load() > 0)
      for (auto& loop : loops) loop->context.stop();
    for (auto& loop : loops) loop->thread.join();
  }

  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Loop>> loops;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
  tcp::acceptor acceptor{loops_context()};
  asio::steady_timer pause{loops_context()};
  std::string address;
  unsigned short port = 0;
  bool on_loopback = false;
  bool running = false;

 private:
  // The acceptor lives on the first loop, which must exist before it.
  asio::io_context& loops_context() {
    if (loops.empty()) loops.push_back(std::make_shared<Loop>());
    return loops[0]->context;
  }
};

Server::Server(std::unique_ptr<Core> core) : core_{std::move(core)} {}

Server::~Server() {
  stop(std::chrono::milliseconds{0});
}

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, Handler handler) {
  auto core = std::make_unique<Core>(std::move(options), std::move(handler));
  if (auto opened = core->open(); !opened) return pass_on(opened);
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

void Server::start() {
  core_->start();
}

void Server::stop(std::chrono::milliseconds patience) {
  core_->stop(patience);
}

const std::string& Server::address() const {
  return core_->address;
}
unsigned short Server::port() const {
  return core_->port;
}
bool Server::on_loopback() const {
  return core_->on_loopback;
}
std::size_t Server::connections() const {
  return core_->shared->connections.load();
}

}  // namespace tocsin::http
