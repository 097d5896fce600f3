#include "access/access.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/testing.h"

namespace tocsin::access {
namespace {

class AccessKeysTest : public testing::Test {
 protected:
  Result<AccessKeys> open() { return AccessKeys::open(file, identity, random); }
  void write(std::string_view text, mode_t mode = 0600) {
    std::ofstream{file} << text;
    chmod(file.c_str(), mode);
  }
  std::string text() const {
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  store::TestStore store;  // for its folder
  std::filesystem::path file = store.folder / "credentials";
  Identity identity{.account = "123456789012"};
  SeededRandom random{7};
};

TEST_F(AccessKeysTest, FirstStartMakesOneKeyThatOnlyTheOwnerCanRead) {
  const auto first = open();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(first->was_created());
  EXPECT_EQ(first->size(), 1u);
  struct stat status{};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const std::string written = text();
  const std::string id = written.substr(written.find("AKIA"), 20);
  EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), std::string::npos) << id;
  const auto again = open();
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->was_created());
  EXPECT_EQ(text(), written);
  const auto found = again->find(id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret.reveal().size(), 40u);
  EXPECT_EQ(found->caller.arn, "arn:aws:iam::123456789012:user/admin");
  EXPECT_EQ(found->caller.user_id.size(), 21u);
  EXPECT_EQ(again->find("AKIAUNKNOWN").error().aws_code, "InvalidClientTokenId");
}

TEST_F(AccessKeysTest, ReadsProfilesAsAwsToolsWriteThem) {
  write(
      "# keys\n\n[default]\r\naws_access_key_id=A1\naws_secret_access_key = s=1/+\nregion = eu-west-1\n"
      "[ alice ]\naws_access_key_id = A2\naws_secret_access_key = s2\n[empty]\n");
  const auto keys = open();
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->size(), 2u);
  EXPECT_EQ(keys->find("A1")->secret.reveal(), "s=1/+");
  EXPECT_EQ(keys->find("A2")->caller.arn, "arn:aws:iam::123456789012:user/alice");
}

TEST_F(AccessKeysTest, RefusesFilesThatOthersCanRead) {
  for (const mode_t mode : {0640u, 0604u, 0666u}) {
    write("[default]\naws_access_key_id = A\naws_secret_access_key = s\n", mode);
    const auto keys = open();
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code, ErrorCode::denied);
    EXPECT_NE(keys.error().message.find("chmod 600"), std::string::npos);
  }
}

TEST_F(AccessKeysTest, SaysWhatIsWrongInTheFile) {
  struct Case {
    const char* text;
    const char* part;
  };
  for (const auto& [wrong, part] : {Case{"", "holds no access key"}, Case{"aws_access_key_id = A\n", "line 1"},
                                    Case{"[default]\nnonsense\n", "line 2"}, Case{"[default\n", "line 1"},
                                    Case{"[x]\naws_access_key_id = A\n", "profile [x] needs both"}}) {
    write(wrong);
    const auto keys = open();
    ASSERT_FALSE(keys) << wrong;
    EXPECT_NE(keys.error().message.find(part), std::string::npos) << keys.error().message;
  }
  const auto nowhere = AccessKeys::open(store.folder / "none" / "credentials", identity, random);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::unavailable);
}

TEST_F(AccessKeysTest, AClientTakesTheDefaultProfileWhateverElseIsThere) {
  write(
      "[default]\naws_access_key_id = A\naws_secret_access_key = a\n"
      "[other]\naws_access_key_id = B\naws_secret_access_key = b\n");
  const auto key = read_default_key(file);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->access_key_id, "A");
  EXPECT_EQ(key->secret.reveal(), "a");
  write("[other]\naws_access_key_id = B\naws_secret_access_key = b\n");
  EXPECT_FALSE(read_default_key(file));
}

TEST_F(AccessKeysTest, CallerIdentityIsTheSigners) {
  service::Directory directory;
  directory.add(service(identity));
  const service::Caller caller{.account = "1", .arn = "arn:x", .user_id = "AIDA"};
  const json::object none;
  const service::Call call{.caller = caller, .input = none, .request_id = "r", .endpoint = "e"};
  const auto answer = store.write([&](store::Transaction& transaction) {
    return service::run_within(*directory.find("sts", "GetCallerIdentity"), transaction, call);
  });
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_json(*answer), R"({"UserId":"AIDA","Account":"1","Arn":"arn:x"})");
}

}  // namespace
}  // namespace tocsin::access
