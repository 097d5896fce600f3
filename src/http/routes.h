// Which handler answers which path: the AWS front takes all but the few paths that are named here (health, feeds).
#pragma once

#include <map>

#include "core/result.h"
#include "http/message.h"
#include "http/pool.h"

namespace tocsin::http {

// A document that is served as it is.
struct Page {
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string etag = {};  // with its quotes; empty: made from the body
};

class Routes {
 public:
  // `pool` runs what pages do; it must outlive the routes.
  explicit Routes(Pool& pool) : pool_{pool} {}

  // Every method of that exact path.
  void handle(std::string path, Handler handler) { exact_[std::move(path)] = std::move(handler); }
  // GET and HEAD, with ETag and If-None-Match. `make` runs on the pool; its errors become 403, 404, 429 or 503 in
  // plain text.
  void page(std::string path, std::function<Result<Page>(const Request&)> make);
  // GET /healthz answers 200 as long as the process serves; GET /readyz asks `ready` (on the pool): 200, or 503 with
  // the reason.
  void health(std::function<Result<void>()> ready);
  // All other paths.
  void otherwise(Handler handler) { otherwise_ = std::move(handler); }

  void operator()(Request request, Responder responder) const;

 private:
  Pool& pool_;
  std::map<std::string, Handler, std::less<>> exact_;
  Handler otherwise_;
};

}  // namespace tocsin::http
