#include "app/connect.h"

#include <fmt/format.h>

#include "app/exit_code.h"

namespace tocsin::app {
namespace {

constexpr std::string_view wrong_flags = "WrongFlags";

Result<void> check_expected(const char* flag, const std::string& expected, const std::string& there,
                            const std::string& url) {
  if (expected.empty() || expected == there) return {};
  return fail(ErrorCode::validation,
              fmt::format("--{} {}: the server at {} is of {}; leave the flag out, or name another --endpoint", flag,
                          expected, url, there),
              {}, std::string(wrong_flags));
}

}  // namespace

Result<Connection> connect(const ClientFlags& flags) {
  auto endpoint = endpoint_from(flags.data, flags.endpoint, flags.region.empty() ? "us-east-1" : flags.region);
  if (!endpoint && endpoint.error().code == ErrorCode::validation) endpoint.error().path = wrong_flags;
  if (!endpoint) return pass_on(endpoint);
  Connection connection{.client = std::make_unique<Client>(std::move(*endpoint)), .identity = {}};
  auto identity = connection.client->identify();
  if (!identity) return pass_on(identity);
  connection.identity = std::move(*identity);
  for (auto checked : {check_expected("account", flags.account, connection.identity.account, flags.endpoint),
                       check_expected("region", flags.region, connection.identity.region, flags.endpoint)})
    if (!checked) return pass_on(checked);
  return connection;
}

int report_failure(const ClientFlags& flags, const Error& error) {
  const int code = error.path == wrong_flags ? code_wrong_use : code_of(error);
  return flags.json ? complain_as_json(error, code) : complain(error, code);
}

}  // namespace tocsin::app
