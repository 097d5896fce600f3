#include "digest/digest.h"

#include <gtest/gtest.h>

namespace tocsin::digest {
namespace {

TEST(Digest, KnownAnswers) {
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  // RFC 4231, test case 2.
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, Base64RoundTrip) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    const auto back = from_base64(base64(text));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, text);
  }
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  for (const char* bad : {"A", "====", "Zm9v\n", "Zm9vYm=y", "Zm9*"}) EXPECT_FALSE(from_base64(bad)) << bad;
}

}  // namespace
}  // namespace tocsin::digest
