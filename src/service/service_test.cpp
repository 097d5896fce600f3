#include "service/service.h"

#include <gtest/gtest.h>

#include "service/destination.h"

namespace tocsin::service {
namespace {

TEST(Directory, FindsByServiceAndName) {
  Directory directory;
  directory.add(
      {"sts", {{"GetCallerIdentity", Read{[](store::Reader&, const Call&) -> Answer { return json::object{}; }}}}});
  EXPECT_NE(directory.find("sts", "GetCallerIdentity"), nullptr);
  EXPECT_EQ(directory.find("sts", "AssumeRole"), nullptr);
  EXPECT_EQ(directory.find("iam", "GetCallerIdentity"), nullptr);
}

TEST(Destinations, KnowsOnlyWhatWasAdded) {
  const Destinations none;
  EXPECT_FALSE(none.knows("arn:aws:sqs:us-east-1:000000000000:q"));
  EXPECT_FALSE(none.knows("not an arn"));
}

}  // namespace
}  // namespace tocsin::service
