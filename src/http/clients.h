// What each remote address holds of what all share, so that none takes it all. Inside this folder only.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/ip/address.hpp>

namespace tocsin::http {

// One remote address; of IPv6 its /64, of which anyone has all addresses.
struct RemoteClient {
  std::string key = {};
  std::size_t connections = 0;  // under the mutex of Clients
  std::atomic<std::size_t> bodies_bytes = 0;
};

class Clients {
 public:
  // Counts a connection in; null: it has `connections_max` already (0: no limit).
  std::shared_ptr<RemoteClient> enter(const boost::asio::ip::address& address, std::size_t connections_max);
  // Counts it out again.
  void leave(const RemoteClient& client);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<RemoteClient>, std::less<>> clients_;
};

}  // namespace tocsin::http
