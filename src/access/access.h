// Who may call: the access keys of this installation, and the STS operations that tell callers who they are. Today
// every key is an administrator's; policies are not evaluated.
//
// Keys live in one file in AWS's shared-credentials format, so that clients can use the same file:
//
//   [default]
//   aws_access_key_id = AKIA…            (20 characters)
//   aws_secret_access_key = …            (40 characters)
//
// The profile [default] is the user "admin"; any further profile is a user of its name.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/identity.h"
#include "core/random.h"
#include "core/result.h"
#include "service/credential.h"

namespace tocsin::access {

class AccessKeys {
 public:
  // Reads `file`; where there is none, makes it (mode 0600) with one new key. Error: denied if others can read it,
  // validation with the line if it is not understood, unavailable if it cannot be read or written.
  static Result<AccessKeys> open(const std::filesystem::path& file, const Identity& identity, Random& random);

  // Error: denied.
  Result<service::Credential> find(std::string_view access_key_id) const;
  bool was_created() const { return created_; }
  std::size_t size() const { return keys_.size(); }

 private:
  std::map<std::string, service::Credential, std::less<>> keys_;
  bool created_ = false;
};

// The key of the profile [default], for a client of this installation. Error: unavailable, if `file` cannot be read;
// validation, if it is not understood or has no such key.
struct ClientKey {
  std::string access_key_id;
  Secret secret;
};
Result<ClientKey> read_default_key(const std::filesystem::path& file);

// "sts": GetCallerIdentity, GetAccessKeyInfo.
service::Service service(const Identity& identity);

}  // namespace tocsin::access
