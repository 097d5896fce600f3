#include <gtest/gtest.h>

#include "core/time_format.h"
#include "digest/digest.h"
#include "sigv4/sigv4.h"

namespace tocsin::sigv4 {
namespace {

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

// Amazon S3 API Reference, "Example: PUT object" in "transferring a payload in multiple chunks".
struct Upload {
  std::string body = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
                     std::string(65536, 'a') +
                     "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
                     std::string(1024, 'a') +
                     "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
  Request request() const {
    return {.method = "PUT",
            .target = "/examplebucket/chunkObject.txt",
            .headers = {{"Host", "s3.amazonaws.com"},
                        {"x-amz-date", "20130524T000000Z"},
                        {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                        {"Authorization",
                         "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                         "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                         "x-amz-decoded-content-length;x-amz-storage-class,"
                         "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"},
                        {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
                        {"Content-Encoding", "aws-chunked"},
                        {"x-amz-decoded-content-length", "66560"},
                        {"Content-Length", "66824"}},
            .body = body};
  }
};

TEST(SigV4Chunks, PublishedExample) {
  const Upload upload;
  const auto request = upload.request();
  const auto claim = read_claim(request);
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_TRUE(verify(request, *claim, secret, *parse_basic("20130524T000000Z")));
  const auto body = decode_body(request, *claim, secret);
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, std::string(66560, 'a'));
}

TEST(SigV4Chunks, DamageIsNoticed) {
  struct Case {
    const char* name;
    std::size_t at;
    std::string with;
    const char* aws_code;
  };
  const Upload good;
  const Case cases[] = {
      {"a byte of the first chunk", 200, "b", "SignatureDoesNotMatch"},
      {"a byte of a signature", 40, "0", "SignatureDoesNotMatch"},
      {"no size", 0, "zzzzz", "InvalidChunkSizeError"},
      {"a size far too large", 0, "fffff", "IncompleteBody"},
      {"a size too small", 0, "0ffff", "SignatureDoesNotMatch"},
  };
  for (const auto& test : cases) {
    Upload bad;
    bad.body.replace(test.at, test.with.size(), test.with);
    const auto request = bad.request();
    const auto claim = read_claim(request);
    ASSERT_TRUE(claim);
    const auto body = decode_body(request, *claim, secret);
    ASSERT_FALSE(body) << test.name;
    EXPECT_EQ(body.error().aws_code, test.aws_code) << test.name;
  }
  for (const std::size_t length : {0ul, 10ul, 100ul, 65623ul, 66700ul, 66821ul}) {
    Upload cut;
    cut.body.resize(length);
    const auto request = cut.request();
    EXPECT_FALSE(decode_body(request, *read_claim(request), secret)) << length;
  }
}

Request unsigned_chunks(std::string_view body, std::string_view length) {
  return {.method = "PUT",
          .target = "/b/k",
          .headers = {{"Host", "h"}, {"x-amz-decoded-content-length", length}},
          .body = body};
}

TEST(SigV4Chunks, UnsignedChunksWithTrailingChecksum) {
  Claim claim;
  claim.payload = Payload::unsigned_chunks_trailer;
  // CRC-32 and CRC-32C of "123456789" are the check values of those algorithms: CBF43926 and E3069283.
  struct Case {
    std::string trailer;
    bool sound;
  };
  const Case cases[] = {
      {"x-amz-checksum-crc32:" + digest::base64("\xCB\xF4\x39\x26"), true},
      {"x-amz-checksum-crc32c:" + digest::base64("\xE3\x06\x92\x83"), true},
      {"x-amz-checksum-crc32:AAAAAA==", false},
      {"x-amz-checksum-sha256:" + digest::base64(digest::sha256("123456789")), true},
      {"x-amz-checksum-sha1:" + digest::base64(digest::sha1("x")), false},
  };
  for (const auto& test : cases) {
    const std::string body = "4\r\n1234\r\n5\r\n56789\r\n0\r\n" + test.trailer + "\r\n\r\n";
    const auto decoded = decode_body(unsigned_chunks(body, "9"), claim, secret);
    EXPECT_EQ(decoded.has_value(), test.sound) << test.trailer;
    if (decoded) {
      EXPECT_EQ(*decoded, "123456789");
    }
    EXPECT_FALSE(decode_body(unsigned_chunks(body, "8"), claim, secret)) << "a wrong decoded length";
  }
}

}  // namespace
}  // namespace tocsin::sigv4
