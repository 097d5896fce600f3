#include "playbook/playbook.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "playbook/failure.h"
#include "playbook/source.h"
#include "simulation/simulate.h"

namespace tocsin::playbook {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Playbook : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  template <class Command, class Options>
  int run(Command command, const Options& options) {
    std::ostringstream out, err;
    const int code = command(options, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  int validate(const std::string& file, ValidateFormat format = ValidateFormat::text) {
    return run(run_validate, ValidateOptions{.files = {file}, .format = format, .version = "1"});
  }
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("tocsin-playbook-{}-{}", ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                          static_cast<const void*>(this));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  std::string out_, err_;
};

const std::string lost =
    "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\"Type\": \"Pass\", \"Next\": \"Nowhere\"},\n"
    "    \"B\": {\"Type\": \"Succeed\"}\n  }\n}\n";
const std::string waits = R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":2592000,"Next":"T"},
  "T":{"Type":"Task","Resource":"${Function}","Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}}})";

TEST_F(Playbook, ValidationPointsIntoJson) {
  const auto file = write("a.asl.json", lost);
  EXPECT_EQ(validate(file), 1);
  EXPECT_EQ(out_,
            fmt::format("{0}:4:27: error: MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere (/States/A/Next)\n"
                        "{0}:5:5: error: MISSING_TRANSITION_TARGET: State \"B\" is not reachable. (/States/B)\n",
                        file));
  EXPECT_EQ(validate(write("broken.json", "{\n \"StartAt\": \"A\",\n  \"States\": {,}\n}")), 1);
  EXPECT_THAT(out_, HasSubstr("broken.json:3:14: error: INVALID_JSON_DESCRIPTION"));
  EXPECT_EQ(validate(write("cut.json", "{\"StartAt\":\n\"A\"")), 1);
  EXPECT_THAT(out_, HasSubstr("cut.json:2:4: error: INVALID_JSON_DESCRIPTION"));
  EXPECT_EQ(validate(write("twice.json",
                           "{\"StartAt\":\"A\",\n\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}")),
            1);
  EXPECT_THAT(out_, HasSubstr("twice.json:2:1: error: INVALID_JSON_DESCRIPTION: Duplicate field 'StartAt'"));
  for (const auto* text : {"", "[]", "3", "\xff\xfe", "{}"}) EXPECT_EQ(validate(write("odd.json", text)), 1) << text;
}

TEST_F(Playbook, ValidationPointsIntoYaml) {
  const auto file =
      write("a.yaml", "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Next: Missing\n  B: {Type: Succeed}\n");
  EXPECT_EQ(validate(file), 1);
  EXPECT_THAT(out_, AllOf(HasSubstr("a.yaml:5:5: error: MISSING_TRANSITION_TARGET"), HasSubstr("a.yaml:6:3: error:")));
  EXPECT_EQ(validate(write("broken.yaml", "a: [1\nb: }")), 1);
  EXPECT_THAT(out_, HasSubstr("broken.yaml:2:"));
  EXPECT_EQ(validate(write("good.yaml", "StartAt: A\nStates:\n  A: {Type: Succeed}\n")), 0);
  EXPECT_THAT(out_, HasSubstr("good.yaml: good, 1 state\n"));
}

const std::string stack = R"(Parameters: {Wait: {Type: Number, Default: 7}}
Resources:
  F: {Type: "AWS::Lambda::Function", Properties: {FunctionName: !Sub "${AWS::Region}-f"}}
  Block:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionSubstitutions: {Wait: !Ref Wait, Fn: !GetAtt F.Arn}
      DefinitionString: !Sub |
        {
          "StartAt": "W",
          "States": {
            "W": {"Type": "Wait", "Seconds": ${!Wait}, "Next": "T"},
            "T": {"Type": "Task", "Resource": "${F.Arn}", "Next": "Gone"}
          }
        }
  Tree:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        StartAt: T
        States:
          T: {Type: Task, Resource: "${Fn}", End: true, Wrong: 1}
      DefinitionSubstitutions: {Fn: !GetAtt F.Arn}
  Far:
    Type: AWS::StepFunctions::StateMachine
    Properties: {DefinitionS3Location: {Bucket: b, Key: k}}
)";

TEST_F(Playbook, ValidationLooksIntoTemplates) {
  const auto file = write("stack.yaml", stack);
  EXPECT_EQ(validate(file), 1);
  EXPECT_THAT(out_, HasSubstr("stack.yaml:13:59: error: MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone"));
  EXPECT_THAT(out_, HasSubstr("stack.yaml:22:57: error: SCHEMA_VALIDATION_FAILED: Field 'Wrong' is not supported"));
  EXPECT_THAT(out_, HasSubstr("TEMPLATE_NOT_RESOLVED: the definition is not in the template"));
  const auto sources = *read_sources(file);
  ASSERT_EQ(sources.machines.size(), 2u);
  EXPECT_THAT(sources.machines[0].text, AllOf(HasSubstr("\"Seconds\": 7"),
                                              HasSubstr("arn:aws:lambda:us-east-1:000000000000:function:us-east-1-f")));
  EXPECT_EQ(validate(write("none.yaml", "Resources:\n  F: {Type: \"AWS::SNS::Topic\"}\n")), 0);
  EXPECT_THAT(err_, HasSubstr("a template without a state machine"));
}

// As the CDK writes them: Fn::Join, Rules, parameters of types that only AWS knows.
TEST_F(Playbook, ValidationReadsWhatTheCdkWrites) {
  const auto file =
      write("cdk.template.json",
            R"({"Parameters":{"BootstrapVersion":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"/v"}},
    "Rules":{"CheckBootstrapVersion":{}},"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{}},
    "M":{"Type":"AWS::StepFunctions::StateMachine","Properties":{"DefinitionString":{"Fn::Join":["",
    ["{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"End\":true,\"Resource\":\"",{"Fn::GetAtt":["F","Arn"]},"\"}}}"]]}}}}})");
  EXPECT_EQ(validate(file), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("#M: good, 1 state"));
}

TEST_F(Playbook, ValidationForMachines) {
  const auto file = write("a b.json", lost);
  EXPECT_EQ(validate(file, ValidateFormat::json), 1);
  const auto document = *parse_json(out_);
  EXPECT_EQ(document.at("valid"), false);
  EXPECT_EQ(document.at("problems").at(0).at("line"), 4);
  EXPECT_EQ(document.at("problems").at(0).at("location"), "/States/A/Next");
  EXPECT_EQ(validate(file, ValidateFormat::sarif), 1);
  const auto sarif = *parse_json(out_);
  EXPECT_EQ(sarif.at("version"), "2.1.0");
  const auto& result = sarif.at("runs").at(0).at("results").at(0);
  EXPECT_EQ(result.at("ruleId"), "MISSING_TRANSITION_TARGET");
  const auto& place = result.at("locations").at(0).at("physicalLocation");
  EXPECT_EQ(place.at("region").at("startLine"), 4);
  EXPECT_TRUE(place.at("artifactLocation").at("uri").as_string().ends_with("/a%20b.json"));
}

// Each problem is located without reading the whole text again: quadratic, this took seconds.
TEST_F(Playbook, ManyProblemsAreLocatedInLinearTime) {
  std::string json = "{\"StartAt\":\"S0\",\"States\":{", yaml = "StartAt: S0\nStates:\n";
  for (int i = 0; i < 10'000; ++i) {
    json += fmt::format("{}\"S{}\":{{\"Type\":\"Pass\",\"Ned\":1,\"End\":true}}", i == 0 ? "" : ",", i);
    yaml += fmt::format("  S{}:\n    Type: Pass\n    Ned: 1\n    End: true\n", i);
  }
  const auto files = {write("many.json", json + "}}"), write("many.yaml", yaml)};
  for (const auto& file : files) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(validate(file), 1);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << file;
    EXPECT_EQ(std::ranges::count(out_, '\n'), 1'000);
    EXPECT_THAT(err_, HasSubstr("only the first 1000 problems are told"));
  }
  EXPECT_THAT(out_, HasSubstr("many.yaml:4001:5: error: SCHEMA_VALIDATION_FAILED: Field 'Ned'"));
}

TEST_F(Playbook, FilesThatCannotBeRead) {
  EXPECT_EQ(validate("/nowhere/x.json"), 2);
  EXPECT_EQ(err_, "tocsin: /nowhere/x.json: cannot be read\n");
  EXPECT_EQ(validate(folder_), 2);
  EXPECT_THAT(err_, HasSubstr("is a folder"));
  EXPECT_EQ(run(run_execution, RunOptions{.file = "/nowhere/x.json"}), 2);
  EXPECT_EQ(run(run_tests, TestOptions{.files = {"/nowhere/x.jsonl"}}), 2);
  EXPECT_EQ(run(run_graph, GraphOptions{.file = "/nowhere/x.json"}), 2);
}

TEST_F(Playbook, RunsOnAVirtualClock) {
  RunOptions options{
      .file = write("w.json", waits),
      .input = R"({"a":1})",
      .mocks = write("m.json", R"({"${Function}":[{"error":"Busy","cause":"later"},{"return":{"b":2}}]})")};
  EXPECT_EQ(run(run_execution, options), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("      30d  T  Task\n"), HasSubstr("✗ Busy: later\n"),
                          HasSubstr("   30d1s    retry 1 after 1s\n"),
                          HasSubstr("\nSUCCEEDED after 30d1s, 1 retry\n{\n  \"b\": 2\n}\n")));
  options.json = true;
  EXPECT_EQ(run(run_execution, options), 0);
  const auto document = parse_json(out_)->as_object();
  std::string keys;
  for (const auto& member : document) keys += std::string(member.key()) + " ";
  EXPECT_EQ(keys, "status output history elapsed ");
  EXPECT_EQ(document.at("elapsed"), 2'592'001);
  EXPECT_EQ(document.at("history").at(0).at("type"), "ExecutionStarted");
  options.mocks =
      write("m2.json", R"({"${Function}":[{"error":"A"},{"error":"A"},{"error":"A"},{"error":"A","cause":"why"}]})");
  EXPECT_EQ(run(run_execution, options), 1);
  EXPECT_EQ(parse_json(out_)->at("error"), "A");
  EXPECT_EQ(parse_json(out_)->at("cause"), "why");
}

TEST_F(Playbook, SaysWhatARunLacks) {
  RunOptions options{.file = write("w.json", waits)};
  EXPECT_EQ(run(run_execution, options), 2);
  EXPECT_THAT(err_, AllOf(HasSubstr("state 'T': there is no mock of"), HasSubstr("give answers with --mocks")));
  options.mocks = write("bad.json", "{\"x\":\n [1]}");
  EXPECT_EQ(run(run_execution, options), 2);
  EXPECT_THAT(err_, HasSubstr("/x[0]: an answer must be an object"));
  options.mocks = write("broken.json", "{\"x\":\n [1,]}");
  EXPECT_EQ(run(run_execution, options), 2);
  EXPECT_THAT(err_, HasSubstr("broken.json:2:5: not valid JSON"));
  options.mocks = {};
  options.input = write("in.json", "{\"a\"\n:}");
  EXPECT_EQ(run(run_execution, options), 2);
  EXPECT_THAT(err_, HasSubstr("in.json:2:2: not valid JSON"));
  EXPECT_EQ(run(run_execution, RunOptions{.file = write("lost.json", lost)}), 1);
  EXPECT_THAT(err_, HasSubstr("lost.json:4:27: error:"));
  EXPECT_EQ(run(run_execution, RunOptions{.file = write("stack.yaml", stack)}), 1);
  EXPECT_THAT(err_, HasSubstr("choose one with --machine; it has: Block, Tree"));
}

TEST_F(Playbook, EndlessLoopsEnd) {
  const std::string loop =
      R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}})";
  RunOptions options{.file = write("loop.json", loop), .json = true};
  EXPECT_EQ(run(run_execution, options), 1);
  EXPECT_EQ(parse_json(out_)->at("history").as_array().size(), 25'000u);
  EXPECT_EQ(parse_json(out_)->at("status"), "FAILED");
  options.json = false;
  EXPECT_EQ(run(run_execution, options), 1);
  EXPECT_THAT(out_, HasSubstr("25000 events in all"));
  options.definition.type = "EXPRESS";
  EXPECT_EQ(run(run_execution, options), 2);
  EXPECT_THAT(err_, HasSubstr("too many steps"));
}

TEST_F(Playbook, TestsOfUsers) {
  write("w.json", waits);
  const auto cases = write(
      "cases.jsonl",
      R"({"name":"good","definition_file":"w.json","mocks":{"${Function}":[{"return":1}]},"status":"SUCCEEDED","output":1,"expect_elapsed":2592000})"
      "\n\n"
      R"({"name":"bad <one>","definition_file":"w.json","mocks":{"${Function}":[{"return":2},{"return":3}]},"status":"SUCCEEDED","output":1})"
      "\n"
      R"({"name":"gone","definition_file":"none.json","status":"SUCCEEDED"})"
      "\n\nnonsense\n"
      R"({"name":"slip","definition_file":"w.json","mocks":{"${Function}":[{"return":2}]},"status":"SUCCEEDED","expect_delay":[1]})");
  TestOptions options{.files = {cases}};
  EXPECT_EQ(run(run_tests, options), 1);
  EXPECT_THAT(out_, AllOf(HasSubstr("FAILED bad <one>  " + cases + ":3\n  output: expected 1, was 2\n"),
                          HasSubstr("ERROR gone  " + cases + ":4\n"), HasSubstr("none.json: cannot be read"),
                          HasSubstr("ERROR line 6  " + cases + ":6\n"),
                          HasSubstr("ERROR slip  " + cases +
                                    ":7\n  there is no member 'expect_delay' in such a case; "
                                    "'expect_delays' is meant?\n"),
                          HasSubstr("1 of 5 passed"), HasSubstr("5 cases: 1 passed, 1 failed, 3 in error\n")));
  EXPECT_THAT(err_, HasSubstr("cases.jsonl:3: warning: bad <one>: 1 of the 2 mocked answers of "));
  options.format = TestFormat::json;
  EXPECT_EQ(run(run_tests, options), 1);
  const auto document = *parse_json(out_);
  EXPECT_EQ(document.at("failed"), 1);
  EXPECT_EQ(document.at("errors"), 3);
  EXPECT_EQ(document.at("cases").at(0).at("kind"), "execution");
  EXPECT_EQ(document.at("cases").at(1).at("result"), "failed");
  EXPECT_EQ(document.at("cases").at(1).at("warnings").as_array().size(), 1u);
  EXPECT_EQ(document.at("cases").at(4).at("result"), "error");
  options.format = TestFormat::junit;
  EXPECT_EQ(run(run_tests, options), 1);
  EXPECT_THAT(out_, AllOf(StartsWith("<?xml"), HasSubstr("tests=\"5\" failures=\"1\" errors=\"3\""),
                          HasSubstr("<error message="), HasSubstr("name=\"bad &lt;one&gt;\"")));
  options.format = TestFormat::text;
  options.filter = "good";
  EXPECT_EQ(run(run_tests, options), 0);
  options.filter = "nobody";
  EXPECT_EQ(run(run_tests, options), 2);
}

// The playbooks of stacks/ do what they are for: success, failures with retry and catch, nothing to do.
TEST_F(Playbook, OwnPlaybooks) {
  const std::filesystem::path source = TOCSIN_SOURCE_DIR;
  TestOptions options;
  for (const auto& entry : std::filesystem::directory_iterator(source / "tests/playbooks"))
    if (entry.path().extension() == ".jsonl") options.files.push_back(entry.path());
  EXPECT_EQ(options.files.size(), 5u);
  EXPECT_EQ(run(run_tests, options), 0) << out_;
  EXPECT_EQ(err_, "");
  EXPECT_EQ(run(run_validate,
                ValidateOptions{.files = {source / "stacks/ip-blocking.yaml", source / "stacks/playbooks.yaml"}}),
            0)
      << out_;
}

TEST(Failure, IsFoundInsideOfMapsAndParallels) {
  const std::string inner =
      R"({"StartAt":"D","States":{"D":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"Bad"}],"Default":"Fine"},
          "Bad":{"Type":"Fail","Error":"Own","Cause":"it is one"},"Fine":{"Type":"Succeed"}}})";
  const auto map = fmt::format(R"({{"Type":"Map","ItemsPath":"$.list","ItemProcessor":{},"Next":"Z"}})", inner);
  const auto whole = fmt::format(
      R"({{"StartAt":"First","States":{{"First":{{"Type":"Pass","Next":"P"}},"P":{{"Type":"Parallel","End":true,"Branches":[
          {{"StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}},
          {{"StartAt":"M","States":{{"M":{},"Z":{{"Type":"Succeed"}}}}}}]}}}}}})",
      map);
  const auto definition = *asl::compile(whole, asl::Kind::standard);
  const auto run = [&](std::string_view input) {
    return simulation::simulate(*definition, *parse_json(input), {}).history;
  };
  const auto place = find_failure(definition, run(R"({"list":[{"n":0},{"n":0},{"n":1}]})"));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->path(), "P [branch 1] › M [2] › Bad");
  EXPECT_EQ(place->error, "Own");
  EXPECT_EQ(place->cause, "it is one");
  EXPECT_EQ(find_failure(nullptr, run(R"({"list":[{"n":1}]})"))->path(), "P › M [0] › Bad");
  EXPECT_EQ(find_failure(definition, run("{}"))->path(), "P [branch 1] › M");
  EXPECT_FALSE(find_failure(definition, run(R"({"list":[]})")));
  EXPECT_FALSE(find_failure(definition, {}));
}

TEST_F(Playbook, Draws) {
  const auto file = write("w.json", waits);
  EXPECT_EQ(run(run_graph, GraphOptions{.file = file}), 0);
  EXPECT_THAT(out_, StartsWith("flowchart TD\n"));
  EXPECT_EQ(run(run_graph, GraphOptions{.file = file, .format = GraphFormat::dot}), 0);
  EXPECT_THAT(out_, StartsWith("digraph"));
  EXPECT_EQ(run(run_graph, GraphOptions{.file = file, .format = GraphFormat::svg}), 0);
  EXPECT_THAT(out_, StartsWith("<svg"));
  EXPECT_EQ(run(run_graph, GraphOptions{.file = write("lost.json", lost)}), 1);
}

}  // namespace
}  // namespace tocsin::playbook
