#include "api/model.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "api/pattern.h"

namespace tocsin::api {
namespace {

TEST(Models, AllAreReadAndWhole) {
  const Models models;
  for (const char* service :
       {"securityhub", "events", "sns", "sqs", "states", "lambda", "dynamodb", "network-firewall", "sts"}) {
    const Model* model = models.find(service);
    ASSERT_NE(model, nullptr) << service;
    EXPECT_GE(model->operations.size(), 8u) << service;
    EXPECT_TRUE(model->speaks_json || model->speaks_query || model->speaks_rest_json) << service;
  }
  EXPECT_EQ(models.find("s3"), nullptr);
  EXPECT_EQ(models.find_by_target("AmazonSQS"), models.find("sqs"));
}

// A pattern that RE2 cannot express is not enforced. Each of these was looked at: it only adds "not empty", "does
// not start with aws:" or "does not end with a dot".
TEST(Models, AllPatternsButLookaroundsAreEnforced) {
  const Models models;
  std::vector<std::string> not_enforced;
  for (const auto& [name, model] : models)
    for (const auto& [shape_name, shape] : model.shapes)
      if (shape.pattern && !is_enforced(*shape.pattern)) not_enforced.push_back(shape.pattern_text);
  std::ranges::sort(not_enforced);
  not_enforced.erase(std::ranges::unique(not_enforced).begin(), not_enforced.end());
  EXPECT_EQ(not_enforced,
            (std::vector<std::string>{"^(?!\\s*$).+", "^(?!aws:)[a-zA-Z+-=._:/]+$",
                                      "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$", "^[0-9A-Za-z\\.\\-_]*(?<!\\.)$"}));
}

struct Route {
  const char* service;
  const char* method;
  const char* path;
  const char* operation;  // null: none
  std::vector<std::pair<std::string, std::string>> labels;
};

TEST(Models, RoutesAreFoundByMethodAndPath) {
  const Models models;
  const Route routes[] = {
      {"securityhub", "GET", "/accounts", "DescribeHub", {}},
      {"securityhub", "POST", "/findings/import", "BatchImportFindings", {}},
      {"securityhub", "POST", "/findings", "GetFindings", {}},
      {"securityhub", "PUT", "/findings", nullptr, {}},
      {"securityhub", "GET", "/tags/arn%3Aaws%3Ax%2Fy", "ListTagsForResource", {{"ResourceArn", "arn:aws:x/y"}}},
      {"securityhub",
       "DELETE",
       "/actionTargets/arn:aws:x:action/custom/a",
       "DeleteActionTarget",
       {{"ActionTargetArn", "arn:aws:x:action/custom/a"}}},
      {"lambda", "POST", "/2015-03-31/functions/f%3A1/invocations", "Invoke", {{"FunctionName", "f:1"}}},
      {"lambda", "GET", "/2015-03-31/functions/", "ListFunctions", {}},
      {"lambda", "GET", "/2015-03-31/functions", "ListFunctions", {}},
      {"lambda", "GET", "/2015-03-31/functions/f", "GetFunction", {{"FunctionName", "f"}}},
  };
  for (const auto& route : routes) {
    std::vector<std::pair<std::string, std::string>> labels;
    const auto* found = models.find(route.service)->route(route.method, route.path, labels);
    EXPECT_EQ(found == nullptr ? "" : found->name, route.operation == nullptr ? "" : route.operation) << route.path;
    EXPECT_EQ(labels, route.labels) << route.path;
  }
}

TEST(Models, ErrorsAreFoundByShapeAndByCode) {
  const Models models;
  const Model& sqs = *models.find("sqs");
  ASSERT_NE(sqs.find_error("QueueDoesNotExist"), nullptr);
  EXPECT_EQ(sqs.find_error("AWS.SimpleQueueService.NonExistentQueue"), sqs.find_error("QueueDoesNotExist"));
  EXPECT_EQ(models.find("sns")->find_error("NotFound")->http_status, 404);
  EXPECT_EQ(sqs.find_error("Message"), nullptr);
}

TEST(Models, BrokenTextIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", R"({"operations":{},"shapes":{"a":{"type":"odd"}}})",
                           R"({"operations":{"O":{}},"shapes":{}})",
                           R"({"operations":{},"shapes":{"a":{"type":"list","member":{"shape":"b"}}}})"})
    EXPECT_FALSE(read_model(text)) << text;
}

TEST(Patterns, AreJavasFullMatch) {
  struct Case {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Case cases[] = {
      {"[a-z]+", "abc", true},
      {"[a-z]+", "abc!", false},
      {"^[a-z]+$", "abc", true},
      {".*\\S.*", "two\nlines", true},
      {".*\\S.*", " ", false},
      {"[\\u0020-\\u007E]+", "plain", true},
      {"[\\u0020-\\u007E]+", "ä", false},
      {"\\p{ASCII}*", "abc", true},
      {"\\p{ASCII}*", "ä", false},
      {"(?!x).+", "anything", true},
  };
  for (const auto& test : cases)
    EXPECT_EQ(matches(*make_pattern(test.pattern), test.text), test.matches) << test.pattern << " ~ " << test.text;
}

}  // namespace
}  // namespace tocsin::api
