#include <charconv>

#include "asff/detail/guardduty_parts.h"

namespace tocsin::asff::detail {
namespace {

const json::object* part(const json::object& object, std::string_view path) {
  const auto* value = find(object, path);
  return value ? value->if_object() : nullptr;
}

void put_part(json::object& out, std::string_view name, json::object value) {
  if (!value.empty()) out.emplace(name, std::move(value));
}

void put_number(json::object& out, std::string_view name, const json::object& from, std::string_view path) {
  const auto* value = find(from, path);
  if (!value) return;
  if (value->is_number()) {
    out.emplace(name, *value);
  } else if (const auto* text = value->if_string()) {  // an autonomous system's number comes as text
    std::int64_t number = 0;
    const auto* end = text->data() + text->size();
    if (std::from_chars(text->data(), end, number).ptr == end && !text->empty()) out.emplace(name, number);
  }
}

void put_bool(json::object& out, std::string_view name, const json::object& from, std::string_view path) {
  const auto* value = find(from, path);
  if (value && value->is_bool()) out.emplace(name, *value);
}

json::object remote_ip(const json::object& from) {
  json::object out;
  put_text(out, "IpAddressV4", string_at(from, "ipAddressV4"));
  json::object organization;
  put_number(organization, "Asn", from, "organization.asn");
  put_text(organization, "AsnOrg", string_at(from, "organization.asnOrg"));
  put_text(organization, "Isp", string_at(from, "organization.isp"));
  put_text(organization, "Org", string_at(from, "organization.org"));
  put_part(out, "Organization", std::move(organization));
  json::object country;
  put_text(country, "CountryCode", string_at(from, "country.countryCode"));
  put_text(country, "CountryName", string_at(from, "country.countryName"));
  put_part(out, "Country", std::move(country));
  json::object city;
  put_text(city, "CityName", string_at(from, "city.cityName"));
  put_part(out, "City", std::move(city));
  json::object place;
  put_number(place, "Lon", from, "geoLocation.lon");
  put_number(place, "Lat", from, "geoLocation.lat");
  put_part(out, "GeoLocation", std::move(place));
  return out;
}

json::object port(const json::object& from) {
  json::object out;
  put_number(out, "Port", from, "port");
  put_text(out, "PortName", string_at(from, "portName"), 128);
  return out;
}

// The ends of a connection or a probe.
void put_ends(json::object& out, const json::object& from) {
  if (const auto* remote = part(from, "remoteIpDetails")) put_part(out, "RemoteIpDetails", remote_ip(*remote));
  if (const auto* remote = part(from, "remotePortDetails")) put_part(out, "RemotePortDetails", port(*remote));
  if (const auto* local = part(from, "localPortDetails")) put_part(out, "LocalPortDetails", port(*local));
}

json::object connection(const json::object& from) {
  json::object out;
  put_text(out, "ConnectionDirection", string_at(from, "connectionDirection"));
  put_ends(out, from);
  put_text(out, "Protocol", string_at(from, "protocol"), 64);
  put_bool(out, "Blocked", from, "blocked");
  return out;
}

json::object api_call(const json::object& from) {
  json::object out;
  put_text(out, "Api", string_at(from, "api"), 128);
  put_text(out, "ServiceName", string_at(from, "serviceName"), 128);
  put_text(out, "CallerType", string_at(from, "callerType"));
  put_ends(out, from);
  if (const auto* domain = part(from, "domainDetails")) {
    json::object details;
    put_text(details, "Domain", string_at(*domain, "domain"), 128);
    put_part(out, "DomainDetails", std::move(details));
  }
  return out;
}

json::object dns_request(const json::object& from) {
  json::object out;
  put_text(out, "Domain", string_at(from, "domain"), 128);
  put_text(out, "Protocol", string_at(from, "protocol"), 64);
  put_bool(out, "Blocked", from, "blocked");
  return out;
}

json::object port_probe(const json::object& from) {
  constexpr std::size_t probes_max = 100;
  json::array probes;
  const auto* details = find(from, "portProbeDetails");
  if (details && details->is_array()) {
    for (const auto& detail : details->get_array()) {
      if (!detail.is_object() || probes.size() == probes_max) continue;
      const auto& probe = detail.get_object();
      json::object out;
      if (const auto* local = part(probe, "localPortDetails")) put_part(out, "LocalPortDetails", port(*local));
      json::object address;
      put_text(address, "IpAddressV4", string_at(probe, "localIpDetails.ipAddressV4"));
      put_part(out, "LocalIpDetails", std::move(address));
      if (const auto* remote = part(probe, "remoteIpDetails")) put_part(out, "RemoteIpDetails", remote_ip(*remote));
      probes.emplace_back(std::move(out));
    }
  }
  json::object out;
  if (!probes.empty()) out.emplace("PortProbeDetails", std::move(probes));
  put_bool(out, "Blocked", from, "blocked");
  return out;
}

}  // namespace

json::object action(const json::object& from) {
  json::object out;
  put_text(out, "ActionType", string_at(from, "actionType"));
  if (const auto* details = part(from, "networkConnectionAction"))
    put_part(out, "NetworkConnectionAction", connection(*details));
  if (const auto* details = part(from, "awsApiCallAction")) put_part(out, "AwsApiCallAction", api_call(*details));
  if (const auto* details = part(from, "dnsRequestAction")) put_part(out, "DnsRequestAction", dns_request(*details));
  if (const auto* details = part(from, "portProbeAction")) put_part(out, "PortProbeAction", port_probe(*details));
  return out;
}

json::object network(const json::object& from) {
  json::object out;
  if (const auto* connection_details = part(from, "networkConnectionAction")) {
    const auto& details = *connection_details;
    const bool outbound = string_at(details, "connectionDirection") == "OUTBOUND";
    const std::string remote = outbound ? "Destination" : "Source";
    const std::string local = outbound ? "Source" : "Destination";
    put_text(out, "Direction", outbound ? "OUT" : "IN");
    put_text(out, "Protocol", string_at(details, "protocol"), 16);
    put_text(out, remote + "IpV4", string_at(details, "remoteIpDetails.ipAddressV4"));
    put_text(out, remote + "IpV6", string_at(details, "remoteIpDetails.ipAddressV6"));
    put_number(out, remote + "Port", details, "remotePortDetails.port");
    put_text(out, local + "IpV4", string_at(details, "localIpDetails.ipAddressV4"));
    put_text(out, local + "IpV6", string_at(details, "localIpDetails.ipAddressV6"));
    put_number(out, local + "Port", details, "localPortDetails.port");
  } else if (const auto* dns = part(from, "dnsRequestAction")) {
    put_text(out, "Direction", "OUT");
    put_text(out, "Protocol", string_at(*dns, "protocol"), 16);
    put_text(out, "DestinationDomain", string_at(*dns, "domain"), 128);
  }
  return out;
}

}  // namespace tocsin::asff::detail
