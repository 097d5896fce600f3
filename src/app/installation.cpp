#include "app/installation.h"

#include <fmt/format.h>

namespace tocsin::app {
namespace {

std::optional<Identity> remembered(store::Reader& reader) {
  auto rows = reader.query("SELECT account, region, partition_name FROM installation WHERE one = 1");
  if (rows.next()) return Identity{rows.string(0), rows.string(1), rows.string(2)};
  auto stacks = reader.query("SELECT id FROM stack ORDER BY name LIMIT 1");
  if (!stacks.next()) return std::nullopt;
  const auto arn = parse_arn(stacks.text(0));
  if (!arn) return std::nullopt;
  return Identity{arn->account, arn->region, arn->partition};
}

}  // namespace

std::span<const store::Migration> installation_migrations() {
  static constexpr store::Migration steps[] = {
      {"installation", 1,
       "CREATE TABLE installation (one INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, "
       "partition_name TEXT NOT NULL);"},
  };
  return steps;
}

Result<Identity> identity_of(const store::Store& store, const Config& config) {
  auto own = store.read([](store::Reader& reader) -> Result<std::optional<Identity>> { return remembered(reader); });
  if (!own) return pass_on(own);
  if (!*own) return config.identity;
  const Identity& is = **own;
  const Identity& asked = config.identity;
  std::string differences;
  const auto compare = [&](const char* what, bool given, const std::string& wanted, const std::string& there) {
    if (given && wanted != there)
      differences += fmt::format("{}{} {}, not {}", differences.empty() ? "" : ", and ", what, there, wanted);
  };
  compare("account", config.given.account, asked.account, is.account);
  compare("region", config.given.region, asked.region, is.region);
  compare("partition", config.given.partition, asked.partition, is.partition);
  if (differences.empty()) return is;
  return fail(ErrorCode::conflict,
              fmt::format("the store in '{}' is of {}. Start without --account and --region (and without identity in "
                          "the configuration) to go on with it, or give another folder with --data to begin a new one",
                          config.data.string(), differences));
}

void remember(store::Transaction& transaction, const Identity& identity) {
  transaction.execute(
      "INSERT INTO installation (one, account, region, partition_name) VALUES (1,?,?,?) ON CONFLICT (one) DO NOTHING",
      identity.account, identity.region, identity.partition);
}

}  // namespace tocsin::app
