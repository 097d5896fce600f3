// One request on its way, as libcurl sees it. Inside this folder only.
#pragma once

#include <memory>

#include <curl/curl.h>

#include "webhook/detail/lines.h"

namespace tocsin::webhook {

class Transfer {
 public:
  Transfer(Job job, const Options& options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  Job& job() { return job_; }
  // What the finished transfer means. `code` is libcurl's.
  store::Outcome outcome(CURLcode code) const;
  // The same where the answer is wanted. Error: unavailable, validation.
  Result<HttpAnswer> answer(CURLcode code);

 private:
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* transfer);
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* transfer);
  static curl_socket_t open_socket(void* transfer, curlsocktype purpose, struct curl_sockaddr* address);
  void set_up(const Options& options);
  void set_up_call(const Options& options);
  Error no_answer(CURLcode code) const;

  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  Job job_;
  std::size_t answer_bytes_max_;
  std::size_t answer_bytes_ = 0;
  bool cut_ = false;
  bool refused_address_ = false;
  HttpAnswer answer_;
  std::string beginning_;
  char error_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, Free> headers_;
  std::unique_ptr<CURL, Free> handle_;
};

}  // namespace tocsin::webhook
