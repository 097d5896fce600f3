#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/access.h"
#include "digest/digest.h"

namespace tocsin::access {
namespace {

constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t file_bytes_max = 1u << 20;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::unexpected<Error> cannot(const char* what, const std::filesystem::path& file) {
  return fail(ErrorCode::unavailable, fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(errno)));
}

// The same key always has the same user id, as AWS's do.
std::string user_id_of(std::string_view access_key_id) {
  const auto digest = digest::sha256(access_key_id);
  std::string out = "AIDA";
  for (std::size_t i = 0; i < 17; ++i) out += base32[static_cast<unsigned char>(digest[i]) % 32];
  return out;
}

// Written beside it, then put in its place, so that there is never half a file.
Result<void> create(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path part = file.string() + ".part";
  unlink(part.c_str());
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return cannot("create", part);
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(descriptor) == 0;
  if (close(descriptor) != 0 || !written) return cannot("write", part);
  if (rename(part.c_str(), file.c_str()) != 0) return cannot("create", file);
  return {};
}

Result<std::string> read_privately(const std::filesystem::path& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return cannot("read", file);
  if ((status.st_mode & 077) != 0)
    return fail(ErrorCode::denied, fmt::format("{} can be read by others (mode {:04o}), and it holds secrets: run "
                                               "'chmod 600 {}', and make new keys if others may have read it",
                                               file.string(), status.st_mode & 07777, file.string()));
  if (static_cast<std::size_t>(status.st_size) > file_bytes_max)
    return fail(ErrorCode::validation, fmt::format("{} is too large for a credentials file", file.string()));
  std::ifstream stream{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.good() && !stream.eof()) return cannot("read", file);
  return text;
}

struct Profile {
  std::string name, access_key_id, secret;
};

std::unexpected<Error> wrong_line(const std::filesystem::path& file, int line, std::string_view what) {
  return fail(ErrorCode::validation, fmt::format("{}, line {}: {}", file.string(), line, what));
}

// The INI form that AWS's tools read; keys that we do not use are left to them.
Result<std::vector<Profile>> parse(const std::string& text, const std::filesystem::path& file) {
  std::vector<Profile> profiles;
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = trim(std::string_view(text).substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      if (!line.ends_with(']') || line.size() < 3) return wrong_line(file, number, "a profile is written [name]");
      profiles.push_back({std::string(trim(line.substr(1, line.size() - 2))), {}, {}});
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return wrong_line(file, number, "expected 'name = value' or [profile]");
    if (profiles.empty()) return wrong_line(file, number, "a value stands before the first [profile]");
    const auto name = trim(line.substr(0, equals));
    const auto value = trim(line.substr(equals + 1));
    if (name == "aws_access_key_id") profiles.back().access_key_id = value;
    if (name == "aws_secret_access_key") profiles.back().secret = value;
  }
  return profiles;
}

}  // namespace

Result<AccessKeys> AccessKeys::open(const std::filesystem::path& file, const Identity& identity, Random& random) {
  AccessKeys keys;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    const std::string text = fmt::format("[default]\naws_access_key_id = AKIA{}\naws_secret_access_key = {}\n",
                                         make_text(random, 16, base32), make_text(random, 40, base64));
    if (auto made = create(file, text); !made) return pass_on(made);
    keys.created_ = true;
  }
  auto text = read_privately(file);
  if (!text) return pass_on(text);
  auto profiles = parse(*text, file);
  if (!profiles) return pass_on(profiles);
  for (auto& profile : *profiles) {
    if (profile.access_key_id.empty() && profile.secret.empty()) continue;
    if (profile.access_key_id.empty() || profile.secret.empty())
      return fail(ErrorCode::validation,
                  fmt::format("{}: profile [{}] needs both aws_access_key_id and aws_secret_access_key", file.string(),
                              profile.name));
    const std::string user = profile.name == "default" ? "admin" : profile.name;
    service::Caller caller{.account = identity.account,
                           .arn = fmt::format("arn:{}:iam::{}:user/{}", identity.partition, identity.account, user),
                           .user_id = user_id_of(profile.access_key_id),
                           .access_key_id = profile.access_key_id};
    keys.keys_.insert_or_assign(profile.access_key_id,
                                service::Credential{Secret{std::move(profile.secret)}, std::move(caller)});
  }
  if (keys.keys_.empty())
    return fail(ErrorCode::validation,
                fmt::format("{} holds no access key; remove it to get a new one", file.string()));
  return keys;
}

Result<ClientKey> read_default_key(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return cannot("read", file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  auto profiles = parse(text, file);
  if (!profiles) return pass_on(profiles);
  const auto found = std::ranges::find(*profiles, "default", &Profile::name);
  if (found == profiles->end() || found->access_key_id.empty() || found->secret.empty())
    return fail(ErrorCode::validation, fmt::format("{} holds no access key of a profile [default]", file.string()));
  return ClientKey{std::move(found->access_key_id), Secret{std::move(found->secret)}};
}

Result<service::Credential> AccessKeys::find(std::string_view access_key_id) const {
  const auto found = keys_.find(access_key_id);
  if (found == keys_.end())
    return fail(ErrorCode::denied, "The security token included in the request is invalid.", "InvalidClientTokenId");
  return found->second;
}

}  // namespace tocsin::access
