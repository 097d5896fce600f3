// The AWS front: every service on one port. A request comes in as bytes; the front finds out which service, protocol
// and operation it is for, verifies its signature, reads and validates its input against the service's model, runs the
// operation, and writes the answer (or the error) in the caller's own protocol: rest-json, aws-json 1.0 and 1.1, or
// query with XML.
//
//   credential scope ─► service;  X-Amz-Target │ Action+Version │ method+path ─► protocol, operation
//   small requests are read on the network thread, large ones and all store reads on the pool; writes go to the
//   store's committer; a long poll waits for a signal of the store, holding no thread
#pragma once

#include <chrono>
#include <memory>

#include "core/clock.h"
#include "core/identity.h"
#include "core/random.h"
#include "http/message.h"
#include "http/pool.h"
#include "service/credential.h"
#include "service/service.h"
#include "store/store.h"

namespace tocsin::api {

struct FrontOptions {
  std::string fallback_endpoint = "http://127.0.0.1:4747";        // where a request has no Host
  std::chrono::milliseconds wait_max = std::chrono::seconds{20};  // longest long poll
  std::size_t waiting_max = 50'000;                               // long polls at once; past it: throttled
  std::size_t input_bytes_max = 6u << 20;                         // a request's body (AWS's 6 MB); past it: 413
};

class Front {
 public:
  // Everything must outlive the front. Sets the store's signal listener, so make it before store.start().
  Front(const service::Directory& directory, store::Store& store, service::Credentials credentials, Identity identity,
        const Clock& clock, Random& random, http::Pool& pool, FrontOptions options = {});
  ~Front();  // stop()
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // The handler for http::Routes::otherwise or http::Server.
  void operator()(http::Request request, http::Responder responder);
  // For ServerOptions::refuse: words what the server itself refuses (413 and the like) in the caller's protocol.
  http::Response refuse(const http::Request& head, int status);
  // Answers all long polls with what they have; later ones do not wait. Before http::Server::stop.
  void stop();

  class Core;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace tocsin::api
