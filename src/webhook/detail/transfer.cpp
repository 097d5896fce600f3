#include "webhook/detail/transfer.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"

namespace tocsin::webhook {
namespace {

constexpr std::size_t beginning_max = 1024;

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

std::size_t Transfer::take_body(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  const std::size_t taken = size * count;
  self.answer_bytes_ += taken;
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
  const bool never = code == CURLE_URL_MALFORMAT;
  // libcurl's detailed text names host and port; on a broken URL it might show the URL, so the general text is taken.
  const std::string_view why =
      never || error_[0] == '\0' ? std::string_view(curl_easy_strerror(code)) : std::string_view(error_);
  return fail(never ? ErrorCode::validation : ErrorCode::unavailable,
              fmt::format("{} could not be reached: {}", printable(job_.request.url), why));
}

}  // namespace tocsin::webhook
