#include "app/protections.h"

#include <gmock/gmock.h>

namespace tocsin::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Protections, TheMachineIsReadFromItsFiles) {
  EXPECT_THAT(name_servers_in("# nameserver 192.0.2.1\nsearch example.org\nnameserver 192.0.2.53\nnameserver "
                              "2001:db8::53\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\nnameserver\n"),
              ElementsAre("192.0.2.53", "2001:db8::53"));
  EXPECT_THAT(ipv4_gateways_in("Iface\tDestination\tGateway\tFlags\neth0\t00000000\t010200C0\t0003\neth0\t000200C0\t"
                               "00000000\t0001\neth1\t00000000\t00000000\t0001\neth2\t00000000\tbroken\n"),
              ElementsAre("192.0.2.1"));
  const std::string none(32, '0');
  EXPECT_THAT(ipv6_gateways_in(none + " 00 " + none + " 00 20010db8000000000000000000000001 00000400 0 0 0 eth0\n" +
                               none + " 00 " + none + " 00 fe800000000000000000000000000001 00000400 0 0 0 eth0\n" +
                               none + " 00 " + none + " 00 " + none + " ffffffff 1 0 200200 lo\n"),
              ElementsAre("2001:db8::1"));
}

TEST(Protections, ResolversAndTheMachineAreProtectedUnlessTheConfigurationSaysOtherwise) {
  const Machine machine{.addresses = {"192.0.2.10"}, .gateways = {"192.0.2.1"}, .name_servers = {"192.0.2.53"}};
  const auto sources = [&](const Config& config) {
    std::map<std::string, std::string> by_prefix;
    for (const auto& one : protections(config, machine)) by_prefix[one.prefix] = one.source;
    return by_prefix;
  };
  Config config;
  const auto all = sources(config);
  for (const char* resolver : {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "2606:4700:4700::1111",
                               "2001:4860:4860::8888", "2620:fe::fe"})
    EXPECT_EQ(all.at(resolver), "resolver");
  for (const char* own : {"192.0.2.10", "192.0.2.1", "192.0.2.53"}) EXPECT_EQ(all.at(own), "machine");
  config.never_block = {"8.8.8.8"};
  EXPECT_EQ(sources(config).at("8.8.8.8"), "configuration");
  config.protect_public_resolvers = config.protect_this_machine = false;
  EXPECT_EQ(sources(config).size(), 1u);
}

TEST(Protections, ThisMachineCanBeLookedAt) {
  const Machine machine = look_at_machine();
  for (const auto& list : {machine.addresses, machine.gateways, machine.name_servers})
    for (const auto& address : list) EXPECT_TRUE(containment::parse_ranges({address})) << address;
}

}  // namespace
}  // namespace tocsin::app
