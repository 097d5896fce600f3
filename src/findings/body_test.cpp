#include "findings/detail/body.h"

#include <gtest/gtest.h>

#include "digest/digest.h"
#include "findings/test_hub.h"
#include "store/compress.h"

namespace tocsin::findings::detail {
namespace {

TEST(Body, ComesBackAsItWas) {
  for (const auto* changes : {"{}", R"({"Title": "Ünïcödé \\ \"quoted\""})"}) {
    const auto text = to_json(finding_with("a", changes));
    const auto body = to_body(text);
    EXPECT_EQ(from_body(body).value_or(""), text);
    EXPECT_LT(body.size(), store::compress(text).size());
  }
  EXPECT_EQ(from_body(to_body("{}")).value_or(""), "{}");
}

TEST(Body, IsReadAsItWasStoredBeforeThereWasADictionary) {
  const auto text = to_json(finding_with("a"));
  EXPECT_EQ(from_body(store::compress(text)).value_or(""), text);
}

TEST(Body, DamageIsTold) {
  auto body = to_body(to_json(finding_with("a")));
  body.resize(body.size() - 3);
  EXPECT_FALSE(from_body(body));
}

// What was stored with it cannot be read with another.
TEST(Body, TheDictionaryIsTheOneThatWasReleased) {
  EXPECT_EQ(digest::hex(digest::sha256(dictionary_bytes())),
            "4be369a13fc16eb68fb20d9ab60f2f6de91212231400c486f5033016774c94bb");
}

}  // namespace
}  // namespace tocsin::findings::detail
