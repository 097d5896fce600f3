#include "http/clients.h"

namespace tocsin::http {
namespace {

constexpr std::size_t ipv6_site_bytes = 8;

std::string key_of(const boost::asio::ip::address& address) {
  using namespace boost::asio::ip;
  if (address.is_v4() || address.to_v6().is_v4_mapped()) {
    const auto v4 = address.is_v4() ? address.to_v4() : make_address_v4(v4_mapped, address.to_v6());
    const auto bytes = v4.to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + ipv6_site_bytes};
}

}  // namespace

std::shared_ptr<RemoteClient> Clients::enter(const boost::asio::ip::address& address, std::size_t connections_max) {
  auto key = key_of(address);
  std::lock_guard lock{mutex_};
  auto& client = clients_[key];
  if (!client) {
    client = std::make_shared<RemoteClient>();
    client->key = std::move(key);
  }
  if (connections_max > 0 && client->connections >= connections_max) return nullptr;
  ++client->connections;
  return client;
}

void Clients::leave(const RemoteClient& client) {
  std::lock_guard lock{mutex_};
  const auto found = clients_.find(client.key);
  if (found != clients_.end() && --found->second->connections == 0) clients_.erase(found);
}

}  // namespace tocsin::http
