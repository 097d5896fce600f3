#include "stacks/stacks.h"

#include <algorithm>

#include <fmt/format.h>

#include "digest/digest.h"
#include "stacks/resource_types.h"

namespace tocsin::stacks {
namespace {

constexpr std::string_view suffix_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t suffix_length = 12;

struct Stored {
  std::string type;
  std::string physical_id;
  std::string default_name;
  std::string properties_hash;
  json::object attributes;
  std::int64_t position = 0;
  json::object hashes = {};  // of each property; empty in rows from before they were kept
  bool retained = false;     // DeletionPolicy: Retain
};

using StoredResources = std::map<std::string, Stored, std::less<>>;

Result<StoredResources> load(store::Reader& reader, std::string_view stack) {
  StoredResources resources;
  auto rows = reader.query(
      "SELECT logical_id, type, physical_id, default_name, properties_hash, attributes, position, hashes, "
      "retained FROM stack_resource WHERE stack = ?",
      stack);
  while (rows.next()) {
    auto attributes = parse_json_object(rows.text(5));
    if (!attributes) return pass_on(attributes);
    auto hashes = parse_json_object(rows.text(7));
    if (!hashes) return pass_on(hashes);
    resources.emplace(rows.string(0),
                      Stored{rows.string(1), rows.string(2), rows.string(3), rows.string(4), std::move(*attributes),
                             rows.integer(6), std::move(*hashes), rows.boolean(8)});
  }
  return resources;
}

void save(store::Transaction& transaction, std::string_view stack, std::string_view id, const Stored& resource) {
  transaction.execute(
      "INSERT INTO stack_resource (stack, logical_id, type, physical_id, default_name, properties_hash, attributes, "
      "position, hashes, retained) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (stack, logical_id) DO UPDATE SET type = "
      "excluded.type, physical_id = excluded.physical_id, default_name = excluded.default_name, properties_hash = "
      "excluded.properties_hash, attributes = excluded.attributes, position = excluded.position, hashes = "
      "excluded.hashes, retained = excluded.retained",
      stack, id, resource.type, resource.physical_id, resource.default_name, resource.properties_hash,
      to_json(resource.attributes), resource.position, to_json(resource.hashes), resource.retained);
}

std::string hash_of(const json::value& value) {
  return digest::sha256_hex(to_json(value));
}

json::object hashes_of(const json::object& properties) {
  json::object hashes;
  for (const auto& [name, value] : properties) hashes.emplace(name, hash_of(value));
  return hashes;
}

bool differs(const json::object& before, const json::object& now, std::string_view name) {
  const auto *a = before.if_contains(name), *b = now.if_contains(name);
  return (a == nullptr) != (b == nullptr) || (a && *a != *b);
}

bool says_retain(const json::value& declared, std::string_view policy) {
  return string_at(declared.get_object(), policy).starts_with("Retain");
}

// Whether a resource's id ("http://…/000000000000/name", "arn:…:name", "name") is of that name.
bool is_named(std::string_view physical_id, std::string_view name) {
  return physical_id == name || physical_id.ends_with(fmt::format("/{}", name)) ||
         physical_id.ends_with(fmt::format(":{}", name));
}

// One application of one stack.
class Application {
 public:
  Application(store::Transaction& transaction, const Identity& identity, const service::Directory& directory,
              const service::Caller& caller, const Request& request)
      : transaction_{transaction}, identity_{identity}, directory_{directory}, caller_{caller}, request_{request} {
    report_.name = request.name;
  }

  Result<Report> run() {
    if (auto prepared = prepare(); !prepared) return pass_on(prepared);
    templates::Scope scope = scope_of();
    auto held = templates::conditions(scope);
    if (!held) return pass_on(held);
    scope.conditions = std::move(*held);
    auto order = templates::creation_order(scope);
    if (!order) return pass_on(order);
    order_ = *order;
    for (std::size_t i = 0; i < order->size(); ++i)
      if (auto applied = apply((*order)[i], static_cast<std::int64_t>(i), scope); !applied) return pass_on(applied);
    if (auto removed = remove_missing(*order); !removed) return pass_on(removed);
    if (auto outputs = save_outputs(scope); !outputs) return pass_on(outputs);
    return std::move(report_);
  }

 private:
  Result<void> prepare() {
    auto source = templates::read(request_.template_text);
    if (!source) return pass_on(source);
    source_ = std::move(*source);
    auto parameters = templates::parameter_values(source_, request_.parameters);
    if (!parameters) return pass_on(parameters);
    parameters_ = std::move(*parameters);
    auto stored = load(transaction_, request_.name);
    if (!stored) return pass_on(stored);
    stored_ = std::move(*stored);
    std::string id;
    auto rows = transaction_.query("SELECT id FROM stack WHERE name = ?", request_.name);
    if (rows.next()) id = rows.string(0);
    if (id.empty())
      id = identity_.arn("cloudformation", fmt::format("stack/{}/{}", request_.name, make_uuid(transaction_.random())));
    pseudo_ = {.account = identity_.account,
               .region = identity_.region,
               .partition = identity_.partition,
               .stack_name = request_.name,
               .stack_id = id};
    return {};
  }

  templates::Scope scope_of() {
    return {.source = source_,
            .pseudo = pseudo_,
            .parameters = parameters_,
            .reference = [this](std::string_view id) -> std::optional<json::value> {
              const auto found = stored_.find(id);
              if (found == stored_.end()) return std::nullopt;
              return json::value(found->second.physical_id);
            },
            .attribute = [this](std::string_view id, std::string_view name) -> std::optional<json::value> {
              const auto found = stored_.find(id);
              const auto* value = found == stored_.end() ? nullptr : found->second.attributes.if_contains(name);
              if (!value) return std::nullopt;
              return *value;
            }};
  }

  Result<void> apply(const std::string& id, std::int64_t position, const templates::Scope& scope) {
    const std::string path = "Resources." + id;
    const json::value& declared = source_.resources.at(id);
    const std::string type{string_at(declared.get_object(), "Type")};
    const auto* known = find_type(type);
    if (!known)
      return fail(ErrorCode::validation, fmt::format("{}: the resource type '{}' is not supported", path, type),
                  "ValidationError", path);
    const auto* properties = find(declared, "Properties");
    auto resolved =
        templates::resolve(properties ? *properties : json::value(json::object{}), scope, path + ".Properties");
    if (!resolved) return pass_on(resolved);
    if (known->recorded_only) report_.recorded_only.push_back(type + " " + id);
    Stored now{.type = type,
               .physical_id = {},
               .default_name = {},
               .properties_hash = hash_of(*resolved),
               .attributes = {},
               .position = position,
               .hashes = hashes_of(resolved->get_object()),
               .retained = says_retain(declared, "DeletionPolicy")};
    take_over_renamed(id, *known, type, resolved->get_object());
    auto found = stored_.find(id);
    if (found != stored_.end()) {
      auto replaced = replaces(*known, found->second, now, resolved->get_object(), path);
      if (!replaced) return pass_on(replaced);
      if (*replaced) {
        if (!says_retain(declared, "UpdateReplacePolicy")) leaving_.push_back(found->second);
        stored_.erase(found);
        found = stored_.end();
      }
    }
    const bool there = found != stored_.end();
    if (there && found->second.properties_hash == now.properties_hash) return keep(id, found->second, now);
    return act(id, path, *known, there ? &found->second : nullptr, std::move(now), resolved->get_object());
  }

  // The template says the same of it. What rows from before lack is filled in.
  Result<void> keep(const std::string& id, Stored& stored, const Stored& now) {
    report_.unchanged.push_back(id);
    const bool same = stored.hashes == now.hashes && stored.retained == now.retained && stored.position == now.position;
    stored.hashes = now.hashes;
    stored.retained = now.retained;
    stored.position = now.position;
    if (!same) save(transaction_, request_.name, id, stored);
    return {};
  }

  // Creates it, or updates `before`.
  Result<void> act(const std::string& id, const std::string& path, const ResourceType& known, const Stored* before,
                   Stored now, const json::object& properties) {
    now.default_name = before ? before->default_name
                              : fmt::format("{}-{}-{}", request_.name, id,
                                            make_text(transaction_.random(), suffix_length, suffix_alphabet));
    Resource resource = resource_of(now.default_name, properties);
    if (before) {
      resource.physical_id = before->physical_id;
      resource.attributes = before->attributes;
      for (const auto& member : before->hashes)
        if (!properties.contains(member.key())) resource.dropped.emplace_back(member.key());
    }
    if (auto acted = before ? known.update(resource) : known.create(resource); !acted) {
      Error error = std::move(acted).error();
      error.message = fmt::format("{} ({}): {}", path, now.type, error.message);
      error.path = path;
      return std::unexpected(std::move(error));
    }
    now.physical_id = resource.physical_id;
    now.attributes = std::move(resource.attributes);
    save(transaction_, request_.name, id, now);
    for (const auto& note : resource.notes) report_.notes.push_back(fmt::format("{}: {}", id, note));
    (before ? report_.updated : report_.created).push_back(id);
    stored_.insert_or_assign(id, std::move(now));
    return {};
  }

  Resource resource_of(const std::string& default_name, const json::object& properties) {
    return {.transaction = transaction_,
            .directory = directory_,
            .caller = caller_,
            .identity = identity_,
            .default_name = default_name,
            .properties = properties};
  }

  // A resource that the template has under another logical id now is the same one: it is not made anew and removed,
  // which for a queue would be its messages.
  void take_over_renamed(const std::string& id, const ResourceType& known, const std::string& type,
                         const json::object& properties) {
    const auto name = known.name.empty() ? std::string_view{} : string_at(properties, known.name);
    if (name.empty() || stored_.contains(id)) return;
    const auto found = std::ranges::find_if(stored_, [&](const auto& one) {
      return one.second.type == type && is_named(one.second.physical_id, name) &&
             std::ranges::find(order_, one.first) == order_.end();
    });
    if (found == stored_.end()) return;
    transaction_.execute("DELETE FROM stack_resource WHERE stack = ? AND logical_id = ?", request_.name, found->first);
    Stored moved = std::move(found->second);
    stored_.erase(found);
    save(transaction_, request_.name, id, moved);
    stored_.insert_or_assign(id, std::move(moved));
  }

  // Whether the change needs another resource. Error: validation, where that one would have the same name.
  static Result<bool> replaces(const ResourceType& known, const Stored& before, const Stored& now,
                               const json::object& properties, const std::string& path) {
    if (before.type != now.type) return true;
    if (before.hashes.empty()) return false;
    if (!known.name.empty() && differs(before.hashes, now.hashes, known.name)) {
      const auto name = string_at(properties, known.name);
      return name.empty() || !is_named(before.physical_id, name);
    }
    for (const auto property : known.fixed) {
      if (!differs(before.hashes, now.hashes, property)) continue;
      if (known.name.empty() || string_at(properties, known.name).empty()) return true;
      return fail(ErrorCode::validation,
                  fmt::format("{} ({}): {} cannot be changed in place, and another resource cannot have the same name: "
                              "change {} as well",
                              path, now.type, property, known.name),
                  "ValidationError", fmt::format("{}.Properties.{}", path, property));
    }
    return false;
  }

  // What the template no longer has goes, last made first; then what was replaced.
  Result<void> remove_missing(const std::vector<std::string>& order) {
    std::vector<std::string> missing;
    for (const auto& [id, resource] : stored_)
      if (std::ranges::find(order, id) == order.end()) missing.push_back(id);
    std::ranges::sort(missing, std::greater{}, [&](const auto& id) { return stored_.find(id)->second.position; });
    for (const auto& id : missing) {
      const Stored stored = stored_.find(id)->second;
      stored_.erase(id);
      transaction_.execute("DELETE FROM stack_resource WHERE stack = ? AND logical_id = ?", request_.name, id);
      (stored.retained ? report_.retained : report_.deleted).push_back(id);
      if (stored.retained) continue;
      if (auto removed = remove(stored); !removed) return removed;
    }
    for (const auto& stored : leaving_)
      if (auto removed = remove(stored); !removed) return removed;
    return {};
  }

  // Unless something that stays is the same one (a subscription of the same endpoint, say).
  Result<void> remove(const Stored& stored) {
    const bool stays = std::ranges::any_of(stored_, [&](const auto& one) {
      return one.second.type == stored.type && one.second.physical_id == stored.physical_id &&
             one.second.attributes == stored.attributes;
    });
    const auto* known = find_type(stored.type);
    if (stays || !known) return {};
    const json::object none;
    Resource resource = resource_of(stored.default_name, none);
    resource.physical_id = stored.physical_id;
    resource.attributes = stored.attributes;
    return known->remove(resource);
  }

  Result<void> save_outputs(const templates::Scope& scope) {
    json::object outputs;
    for (const auto& [name, output] : source_.outputs) {
      const std::string path = fmt::format("Outputs.{}.Value", std::string_view(name));
      const auto* condition = find(output, "Condition");
      if (condition && condition->is_string()) {
        const auto held = scope.conditions.find(std::string(std::string_view(condition->get_string())));
        if (held == scope.conditions.end() || !held->second) continue;
      }
      const auto* value = find(output, "Value");
      if (!value) return fail(ErrorCode::validation, path + " is missing", "ValidationError", path);
      auto resolved = templates::resolve(*value, scope, path);
      if (!resolved) return pass_on(resolved);
      const std::string text =
          resolved->is_string() ? std::string(std::string_view(resolved->get_string())) : to_json(*resolved);
      outputs.emplace(name, text);
      report_.outputs.emplace(std::string(name), text);
    }
    transaction_.execute(
        "INSERT INTO stack (name, id, template_hash, outputs, created, updated) VALUES (?,?,?,?,?,?) ON CONFLICT "
        "(name) DO UPDATE SET "
        "template_hash = excluded.template_hash, outputs = excluded.outputs, updated = excluded.updated",
        request_.name, pseudo_.stack_id, digest::sha256_hex(request_.template_text), to_json(outputs),
        transaction_.now(), transaction_.now());
    return {};
  }

  store::Transaction& transaction_;
  const Identity& identity_;
  const service::Directory& directory_;
  const service::Caller& caller_;
  const Request& request_;
  templates::Template source_;
  templates::Pseudo pseudo_;
  json::object parameters_;
  StoredResources stored_;
  std::vector<std::string> order_;
  std::vector<Stored> leaving_;  // replaced: removed when nothing refers to them any more
  Report report_;
};

}  // namespace

std::span<const store::Migration> migrations() {
  static constexpr store::Migration steps[] = {
      {"stacks", 1,
       "CREATE TABLE stack (name TEXT PRIMARY KEY, id TEXT NOT NULL, template_hash TEXT NOT NULL, outputs TEXT NOT "
       "NULL,"
       " created BIGINT NOT NULL, updated BIGINT NOT NULL);"
       "CREATE TABLE stack_resource (stack TEXT NOT NULL, logical_id TEXT NOT NULL, type TEXT NOT NULL, physical_id "
       "TEXT NOT NULL,"
       " default_name TEXT NOT NULL, properties_hash TEXT NOT NULL, attributes TEXT NOT NULL, position INTEGER NOT "
       "NULL,"
       " PRIMARY KEY (stack, logical_id));"},
      {"stacks", 2,
       "ALTER TABLE stack_resource ADD COLUMN hashes TEXT NOT NULL DEFAULT '{}';"
       "ALTER TABLE stack_resource ADD COLUMN retained BIGINT NOT NULL DEFAULT 0;"},
  };
  return steps;
}

Stacks::Stacks(Identity identity, const service::Directory& directory)
    : identity_{std::move(identity)}, directory_{directory} {
  caller_ = {.account = identity_.account,
             .arn = fmt::format("arn:{}:iam::{}:role/stacks", identity_.partition, identity_.account),
             .user_id = "stacks"};
}

Result<Report> Stacks::apply(store::Transaction& transaction, const Request& request) const {
  auto report = Application{transaction, identity_, directory_, caller_, request}.run();
  if (!report) {
    Error error = std::move(report).error();
    error.message = fmt::format("stack '{}': {}", request.name, error.message);
    return std::unexpected(std::move(error));
  }
  return report;
}

std::vector<std::string> Stacks::names(store::Reader& reader) {
  std::vector<std::string> names;
  auto rows = reader.query("SELECT name FROM stack ORDER BY name");
  while (rows.next()) names.push_back(rows.string(0));
  return names;
}

std::optional<std::string> Stacks::output(store::Reader& reader, std::string_view stack, std::string_view name) {
  auto rows = reader.query("SELECT outputs FROM stack WHERE name = ?", stack);
  if (!rows.next()) return std::nullopt;
  const auto outputs = parse_json_object(rows.text(0));
  if (!outputs || !outputs->contains(name)) return std::nullopt;
  return std::string(string_at(*outputs, name));
}

std::optional<std::string> Stacks::physical_id(store::Reader& reader, std::string_view stack,
                                               std::string_view logical_id) {
  auto rows =
      reader.query("SELECT physical_id FROM stack_resource WHERE stack = ? AND logical_id = ?", stack, logical_id);
  if (!rows.next()) return std::nullopt;
  return rows.string(0);
}

}  // namespace tocsin::stacks
