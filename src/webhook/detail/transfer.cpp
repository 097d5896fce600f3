#include "webhook/detail/transfer.h"

#include <algorithm>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/check.h"

namespace tocsin::webhook {
namespace {

constexpr std::size_t beginning_max = 1024;
constexpr std::size_t headers_max = 200;

}  // namespace

Transfer::Transfer(Job job, const Options& options)
    : job_{std::move(job)}, answer_bytes_max_{options.answer_bytes_max}, handle_{curl_easy_init()} {
  check(handle_ != nullptr, "libcurl has an easy handle");
  for (const auto& header : job_.request.headers) {
    curl_slist* longer = curl_slist_append(headers_.get(), header.c_str());
    check(longer != nullptr, "there is memory for a header");
    (void)headers_.release();
    headers_.reset(longer);
  }
  set_up(options);
  if (job_.call) set_up_call(options);
}

void Transfer::set_up(const Options& options) {
  CURL* const curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_URL, job_.request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, job_.request.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(job_.request.body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_max.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_max.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
}

void Transfer::set_up_call(const Options& options) {
  CURL* const curl = handle_.get();
  const HttpCall& call = *job_.call;
  answer_bytes_max_ = call.answer_bytes_max;
  if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (call.body.empty() && call.method == "GET") {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.total_max.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_max.count()));
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
  // What the program's environment says of proxies is not for documents to use.
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

// Asked with the address that the name resolved to, so a name cannot hide where it leads.
curl_socket_t Transfer::open_socket(void* transfer, curlsocktype, struct curl_sockaddr* address) {
  bool is_link_local = false;
  if (address->family == AF_INET) {
    const auto host = ntohl(reinterpret_cast<const sockaddr_in*>(&address->addr)->sin_addr.s_addr);
    is_link_local = (host & 0xffff0000u) == 0xa9fe0000u;
  } else if (address->family == AF_INET6) {
    const auto& host = reinterpret_cast<const sockaddr_in6*>(&address->addr)->sin6_addr;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&host) && host.s6_addr[12] == 169 && host.s6_addr[13] == 254;
    is_link_local = IN6_IS_ADDR_LINKLOCAL(&host) || mapped;
  }
  if (is_link_local) {
    static_cast<Transfer*>(transfer)->refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::take_header(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  std::string_view line{bytes, size * count};
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // an interim answer may come before
    self.answer_.headers.clear();
    const auto code = line.find(' ');
    const auto text = code == line.npos ? line.npos : line.find(' ', code + 1);
    self.answer_.status_text = text == line.npos ? std::string_view() : line.substr(text + 1);
  } else if (const auto colon = line.find(':'); colon != line.npos && self.answer_.headers.size() < headers_max) {
    std::string name{line.substr(0, colon)};
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    self.answer_.headers.emplace_back(std::move(name), begin == line.npos ? std::string_view() : line.substr(begin));
  }
  return size * count;
}

std::size_t Transfer::take_body(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  const std::size_t taken = size * count;
  self.answer_bytes_ += taken;
  if (self.job_.call && self.answer_bytes_ <= self.answer_bytes_max_) self.answer_.body.append(bytes, taken);
  const std::size_t room = beginning_max - self.beginning_.size();
  self.beginning_.append(bytes, std::min(taken, room));
  if (self.answer_bytes_ <= self.answer_bytes_max_) return taken;
  self.cut_ = true;  // enough was read; ends the transfer
  return 0;
}

store::Outcome Transfer::outcome(CURLcode code) const {
  // The status of an answer counts even where its body was too long to be read to the end.
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && cut_)) {
    Answer answer;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    curl_off_t retry_after = 0;
    if (curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
      answer.retry_after = std::chrono::seconds{retry_after};
    answer.beginning = beginning_;
    return judge(job_.request, answer);
  }
  return std::unexpected(no_answer(code));
}

Error Transfer::no_answer(CURLcode code) const {
  const bool never = code == CURLE_URL_MALFORMAT;
  // libcurl's detailed text names host and port; on a broken URL it might show the URL, so the general text is taken.
  const std::string_view why =
      never || error_[0] == '\0' ? std::string_view(curl_easy_strerror(code)) : std::string_view(error_);
  return {never ? ErrorCode::validation : ErrorCode::unavailable,
          fmt::format("{} could not be reached: {}", printable(job_.request.url), why)};
}

Result<HttpAnswer> Transfer::answer(CURLcode code) {
  if (refused_address_)
    return fail(ErrorCode::validation,
                fmt::format("{} is a link-local address, which is not called", printable(job_.request.url)));
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && cut_)) return std::unexpected(no_answer(code));
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  answer_.is_cut = cut_;
  return std::move(answer_);
}

}  // namespace tocsin::webhook
