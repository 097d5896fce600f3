#include "wire.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/json.h"
#include "sigv4/sigv4.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t receive_bytes = 64u << 10;
constexpr long answer_timeout_s = 60;

std::string lower_case(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  return std::from_chars(text.data() + first, text.data() + text.size(), number).ec == std::errc{};
}

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace

std::string import_request(const Target& target, std::string_view body, Time now) {
  const std::string authority = target.authority();
  const sigv4::Request request{.method = "POST",
                               .target = "/findings/import",
                               .headers = {{"Host", authority}, {"Content-Type", "application/json"}},
                               .body = body};
  const auto signature =
      sigv4::sign(request, {.access_key_id = target.access_key_id, .secret = target.secret_access_key.reveal()},
                  {.region = target.region, .service = "securityhub", .now = now});
  std::string bytes = "POST /findings/import HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) bytes += fmt::format("{}: {}\r\n", name, value);
  for (const auto& [name, value] : signature) bytes += fmt::format("{}: {}\r\n", name, value);
  bytes += fmt::format("Content-Length: {}\r\n\r\n", body.size());
  bytes += body;
  return bytes;
}

std::string get_request(const Target& target, std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, target.authority());
}

Result<Connection> Connection::open(const Target& target) {
  Connection connection{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  const timeval timeout{.tv_sec = answer_timeout_s, .tv_usec = 0};
  setsockopt(connection.socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(connection.socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target.port);
  inet_pton(AF_INET, target.host.c_str(), &address.sin_addr);
  if (connect(connection.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return broken("cannot connect to " + target.authority());
  return connection;
}

Connection::Connection(Connection&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, received_{std::move(other.received_)} {}
Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(received_, other.received_);
  return *this;
}
Connection::~Connection() {
  if (socket_ >= 0) close(socket_);
}

Result<void> Connection::send_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return broken("the server does not take the request");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Connection::receive_more() {
  const auto before = received_.size();
  received_.resize(before + receive_bytes);
  ssize_t got = 0;
  do {
    got = recv(socket_, received_.data() + before, receive_bytes, 0);
  } while (got < 0 && errno == EINTR);
  received_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return broken("no answer");
  if (got == 0) return fail(ErrorCode::unavailable, "the server closed the connection");
  return {};
}

Result<Answer> Connection::exchange(std::string_view request) {
  if (auto sent = send_all(request); !sent) return pass_on(sent);
  std::size_t head_end = 0;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos)
    if (auto more = receive_more(); !more) return pass_on(more);
  head_end += 4;
  Answer answer;
  std::size_t length = 0;
  const std::string head = lower_case(std::string_view(received_).substr(0, head_end));
  const auto field = head.find("\r\ncontent-length:");
  const bool is_empty = head.find(" 304 ") == 8 || head.find(" 204 ") == 8;
  if (head.size() < 12 || !read_number(std::string_view(head).substr(9, 3), answer.status) ||
      (!is_empty && (field == head.npos || !read_number(std::string_view(head).substr(field + 17, 20), length))))
    return fail(ErrorCode::unavailable, "the answer is not one that this client reads: " + head.substr(0, 200));
  while (received_.size() < head_end + length)
    if (auto more = receive_more(); !more) return pass_on(more);
  answer.body = received_.substr(head_end, length);
  received_.erase(0, head_end + length);
  return answer;
}

Result<std::size_t> import_batch(Connection& connection, std::string_view request) {
  auto answer = connection.exchange(request);
  if (!answer) return pass_on(answer);
  const auto refused = [&] {
    return fail(ErrorCode::validation, fmt::format("{} {:.600}", answer->status, answer->body));
  };
  if (answer->status != 200) return refused();
  const auto document = parse_json_object(answer->body);
  if (!document || integer_at(*document, "FailedCount", -1) != 0) return refused();
  return static_cast<std::size_t>(integer_at(*document, "SuccessCount"));
}

}  // namespace tocsin::bench
