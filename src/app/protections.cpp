#include "app/protections.h"

#include <charconv>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include "netset/netset.h"

namespace tocsin::app {
namespace {

struct Resolver {
  const char* address;
  const char* whose;
};

constexpr Resolver public_resolvers[] = {
    {"1.1.1.1", "Cloudflare"},
    {"1.0.0.1", "Cloudflare"},
    {"2606:4700:4700::1111", "Cloudflare"},
    {"2606:4700:4700::1001", "Cloudflare"},
    {"8.8.8.8", "Google"},
    {"8.8.4.4", "Google"},
    {"2001:4860:4860::8888", "Google"},
    {"2001:4860:4860::8844", "Google"},
    {"9.9.9.9", "Quad9"},
    {"149.112.112.112", "Quad9"},
    {"2620:fe::fe", "Quad9"},
    {"2620:fe::9", "Quad9"},
    {"208.67.222.222", "OpenDNS"},
    {"208.67.220.220", "OpenDNS"},
    {"2620:119:35::35", "OpenDNS"},
    {"2620:119:53::53", "OpenDNS"},
};

std::string file_text(const char* path) {
  std::ifstream stream{path};
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::vector<std::string>> words_by_line(std::string_view text) {
  std::vector<std::vector<std::string>> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words{line};
    auto& split = lines.emplace_back();
    for (std::string word; words >> word;) split.push_back(std::move(word));
  }
  return lines;
}

std::string text_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  }
  return text;
}

// Nobody outside can have them.
bool is_local(std::string_view address) {
  const auto prefix = netset::parse_prefix(address);
  if (!prefix) return true;
  for (const char* range : {"127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"})
    if (netset::parse_prefix(range)->contains(*prefix)) return true;
  return false;
}

}  // namespace

// "nameserver 192.0.2.53"
std::vector<std::string> name_servers_in(std::string_view resolv_conf) {
  std::vector<std::string> found;
  for (const auto& words : words_by_line(resolv_conf))
    if (words.size() >= 2 && words[0] == "nameserver" && !is_local(words[1])) found.push_back(words[1]);
  return found;
}

// Iface Destination Gateway …: hexadecimal, bytes in network order read as a little-endian number. Source: proc(5).
std::vector<std::string> ipv4_gateways_in(std::string_view routes) {
  std::vector<std::string> found;
  for (const auto& words : words_by_line(routes)) {
    std::uint32_t number = 0;
    if (words.size() < 3 || words[1] != "00000000" || words[2].size() != 8) continue;
    if (std::from_chars(words[2].data(), words[2].data() + 8, number, 16).ptr != words[2].data() + 8 || number == 0)
      continue;
    found.push_back(
        fmt::format("{}.{}.{}.{}", number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, number >> 24));
  }
  return found;
}

// destination length source length next-hop …: 32 hexadecimal digits each. Source: proc(5).
std::vector<std::string> ipv6_gateways_in(std::string_view routes) {
  std::vector<std::string> found;
  for (const auto& words : words_by_line(routes)) {
    if (words.size() < 5 || words[0].find_first_not_of('0') != std::string::npos || words[1] != "00") continue;
    if (words[4].size() != 32 || words[4].find_first_not_of('0') == std::string::npos) continue;
    std::string text;
    for (std::size_t i = 0; i < 32; i += 4) text += (i > 0 ? ":" : "") + words[4].substr(i, 4);
    const auto prefix = netset::parse_prefix(text);
    if (prefix && !is_local(text)) found.push_back(netset::to_short_text(*prefix));
  }
  return found;
}

Machine look_at_machine() {
  Machine machine;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) == 0) {
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next)
      if (one->ifa_addr != nullptr)
        if (const auto text = text_of(one->ifa_addr); !text.empty() && !is_local(text))
          machine.addresses.push_back(text);
    freeifaddrs(list);
  }
  machine.gateways = ipv4_gateways_in(file_text("/proc/net/route"));
  for (auto& gateway : ipv6_gateways_in(file_text("/proc/net/ipv6_route")))
    machine.gateways.push_back(std::move(gateway));
  machine.name_servers = name_servers_in(file_text("/etc/resolv.conf"));
  return machine;
}

// What is said last of an address is kept, so the configuration's own entries come last.
std::vector<containment::Containment::Protection> protections(const Config& config, const Machine& machine) {
  std::vector<containment::Containment::Protection> all;
  if (config.protect_public_resolvers)
    for (const auto& resolver : public_resolvers)
      all.push_back({resolver.address, fmt::format("public resolver of {}", resolver.whose), "resolver"});
  if (config.protect_this_machine) {
    for (const auto& address : machine.name_servers) all.push_back({address, "this machine's name server", "machine"});
    for (const auto& address : machine.gateways) all.push_back({address, "this machine's gateway", "machine"});
    for (const auto& address : machine.addresses) all.push_back({address, "this machine's own address", "machine"});
  }
  for (const auto& prefix : config.never_block) all.push_back({prefix, "configuration", "configuration"});
  return all;
}

}  // namespace tocsin::app
