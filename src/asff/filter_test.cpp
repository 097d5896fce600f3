#include "asff/filter.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "asff/detail/filter_fields.h"
#include "asff/detail/shape_table.h"
#include "asff/test_finding.h"
#include "core/random.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

const Time now = *parse_rfc3339("2024-01-10T00:00:00Z");

const json::object& sample() {
  static const json::object finding = finding_with(R"({
    "Severity":{"Label":"HIGH","Normalized":70,"Product":7.5}, "Types":["TTPs/Discovery","Effects/Data Exposure"],
    "Workflow":{"Status":"NEW"}, "Confidence":42, "Sample":true, "Note":{"Text":"Look at Bastion","UpdatedBy":"ann","UpdatedAt":"2024-01-05T00:00:00Z"},
    "Network":{"SourceIpV4":"198.51.100.7","DestinationIpV6":"2001:db8::5","SourcePort":40000},
    "ProductFields":{"a/b":"value one"}, "UserDefinedFields":{"team":"blue"},
    "Resources":[{"Type":"AwsEc2Instance","Id":"i-1","Tags":{"Department":"Security"},
                  "Details":{"AwsEc2Instance":{"IpV4Addresses":["203.0.113.9","10.0.0.5"],"LaunchedAt":"2023-06-01T00:00:00Z"}}},
                 {"Type":"AwsIamPolicy","Id":"p-1","Details":{"Other":{"k":"v"}}}]})");
  return finding;
}

struct Case {
  const char* filters;
  bool matches;
};

const Case cases[] = {
    {"{}", true},
    {R"({"Id":[]})", true},
    {R"({"Id":[{"Value":"f-1","Comparison":"EQUALS"}]})", true},
    {R"({"Id":[{"Value":"f","Comparison":"EQUALS"}]})", false},
    {R"({"Id":[{"Value":"f","Comparison":"PREFIX"}]})", true},
    {R"({"Id":[{"Value":"-","Comparison":"CONTAINS"}]})", true},
    {R"({"Id":[{"Value":"F-1","Comparison":"EQUALS"}]})", false},
    {R"({"Id":[{"Value":"x","Comparison":"EQUALS"},{"Value":"f-1","Comparison":"EQUALS"}]})", true},
    {R"({"Id":[{"Value":"x","Comparison":"NOT_EQUALS"},{"Value":"y","Comparison":"NOT_EQUALS"}]})", true},
    {R"({"Id":[{"Value":"x","Comparison":"NOT_EQUALS"},{"Value":"f","Comparison":"PREFIX_NOT_EQUALS"}]})", false},
    {R"({"Id":[{"Value":"z","Comparison":"NOT_CONTAINS"}]})", true},
    {R"({"Id":[{"Value":"f-1","Comparison":"EQUALS"}],"SeverityLabel":[{"Value":"LOW","Comparison":"EQUALS"}]})",
     false},
    {R"({"Type":[{"Value":"Effects/Data Exposure","Comparison":"EQUALS"}]})", true},
    {R"({"Type":[{"Value":"Effects","Comparison":"PREFIX_NOT_EQUALS"}]})", false},
    {R"({"ResourceType":[{"Value":"Aws","Comparison":"PREFIX"},{"Value":"AwsIamPolicy","Comparison":"NOT_EQUALS"}]})",
     false},
    {R"({"ResourceType":[{"Value":"Aws","Comparison":"PREFIX"},{"Value":"AwsIamRole","Comparison":"NOT_EQUALS"}]})",
     true},
    {R"({"ComplianceStatus":[{"Value":"FAILED","Comparison":"EQUALS"}]})", false},
    {R"({"ComplianceStatus":[{"Value":"FAILED","Comparison":"NOT_EQUALS"}]})", true},
    {R"({"WorkflowStatus":[{"Value":"NEW","Comparison":"EQUALS"}]})", true},
    {R"({"SeverityNormalized":[{"Gte":70,"Lte":89}]})", true},
    {R"({"SeverityNormalized":[{"Gt":70}]})", false},
    {R"({"SeverityNormalized":[{"Eq":1},{"Lt":71}]})", true},
    {R"({"SeverityProduct":[{"Eq":7.5}]})", true},
    {R"({"Criticality":[{"Gte":0}]})", false},
    {R"({"UpdatedAt":[{"Start":"2024-01-01T00:00:00Z","End":"2024-01-01T00:00:00Z"}]})", true},
    {R"({"UpdatedAt":[{"Start":"2024-01-01T00:00:01Z"}]})", false},
    {R"({"UpdatedAt":[{"DateRange":{"Value":9,"Unit":"DAYS"}}]})", true},
    {R"({"UpdatedAt":[{"DateRange":{"Value":8,"Unit":"DAYS","Comparison":"WITHIN"}}]})", false},
    {R"({"UpdatedAt":[{"DateRange":{"Value":8,"Unit":"DAYS","Comparison":"OLDER_THAN"}}]})", true},
    {R"({"ResourceAwsEc2InstanceLaunchedAt":[{"End":"2023-07-01T00:00:00Z"}]})", true},
    {R"({"NetworkSourceIpV4":[{"Cidr":"198.51.100.0/24"}]})", true},
    {R"({"NetworkSourceIpV4":[{"Cidr":"198.51.100.7"}]})", true},
    {R"({"NetworkSourceIpV4":[{"Cidr":"198.51.100.8/29"}]})", false},
    {R"({"NetworkSourceIpV4":[{"Cidr":"0.0.0.0/0"}]})", true},
    {R"({"NetworkDestinationIpV6":[{"Cidr":"2001:db8::/33"}]})", true},
    {R"({"NetworkDestinationIpV6":[{"Cidr":"2001:db9::/32"}]})", false},
    {R"({"ResourceAwsEc2InstanceIpV4Addresses":[{"Cidr":"10.0.0.0/8"}]})", true},
    {R"({"ProductFields":[{"Key":"a/b","Value":"value one","Comparison":"EQUALS"}]})", true},
    {R"({"ProductFields":[{"Key":"a/b","Value":"one","Comparison":"CONTAINS"}]})", true},
    {R"({"ProductFields":[{"Key":"none","Value":"x","Comparison":"NOT_EQUALS"}]})", true},
    {R"({"ResourceTags":[{"Key":"Department","Value":"Finance","Comparison":"NOT_EQUALS"}]})", true},
    {R"({"ResourceTags":[{"Key":"Department","Value":"Security","Comparison":"NOT_EQUALS"}]})", false},
    {R"({"ResourceDetailsOther":[{"Key":"k","Value":"v","Comparison":"EQUALS"}]})", true},
    {R"({"UserDefinedFields":[{"Key":"team","Value":"red","Comparison":"EQUALS"},{"Key":"team","Value":"blue","Comparison":"EQUALS"}]})",
     true},
    {R"({"Keyword":[{"Value":"BASTION"}]})", true},
    {R"({"Keyword":[{"Value":"nowhere"}]})", false},
    {R"({"Sample":[{"Value":true}]})", true},
    {R"({"Sample":[{"Value":false}]})", false},
    {R"({"NoteUpdatedBy":[{"Value":"ann","Comparison":"EQUALS"}]})", true},
};

TEST(Filter, MatchesAsTheServiceDoes) {
  for (const auto& [filters, matches] : cases) {
    const auto filter = Filter::compile(*parse_json_object(filters));
    ASSERT_TRUE(filter) << filters << filter.error().message;
    EXPECT_EQ(filter->matches(sample(), now), matches) << filters;
  }
}

TEST(Filter, RefusesByName) {
  const std::pair<const char*, const char*> refused[] = {
      {R"({"Colour":[{"Value":"red","Comparison":"EQUALS"}]})", "Filters.Colour"},
      {R"({"Id":{"Value":"x"}})", "Filters.Id"},
      {R"({"Id":["x"]})", "Filters.Id"},
      {R"({"Id":[{"Value":"x"}]})", "Filters.Id"},
      {R"({"Id":[{"Value":" ","Comparison":"EQUALS"}]})", "Filters.Id"},
      {R"({"Id":[{"Value":"x","Comparison":"CONTAINS_WORD"}]})", "Filters.Id"},
      {R"({"Id":[{"Value":"x","Comparison":"EQUALS"},{"Value":"y","Comparison":"NOT_EQUALS"}]})", "Filters.Id"},
      {R"({"Id":[{"Value":"x","Comparison":"CONTAINS"},{"Value":"y","Comparison":"EQUALS"}]})", "Filters.Id"},
      {R"({"ResourceTags":[{"Value":"x","Comparison":"EQUALS"}]})", "Filters.ResourceTags"},
      {R"({"ResourceTags":[{"Key":"k","Value":"x","Comparison":"PREFIX"}]})", "Filters.ResourceTags"},
      {R"({"Confidence":[{}]})", "Filters.Confidence"},
      {R"({"Confidence":[{"Eq":"1"}]})", "Filters.Confidence"},
      {R"({"UpdatedAt":[{"Start":"yesterday"}]})", "Filters.UpdatedAt"},
      {R"({"UpdatedAt":[{}]})", "Filters.UpdatedAt"},
      {R"({"UpdatedAt":[{"DateRange":{"Value":-1,"Unit":"DAYS"}}]})", "Filters.UpdatedAt"},
      {R"({"UpdatedAt":[{"DateRange":{"Value":1,"Unit":"WEEKS"}}]})", "Filters.UpdatedAt"},
      {R"({"NetworkSourceIpV4":[{"Cidr":"1.2.3.4/33"}]})", "Filters.NetworkSourceIpV4"},
      {R"({"NetworkSourceIpV4":[{"Cidr":"1.2.3"}]})", "Filters.NetworkSourceIpV4"},
      {R"({"NetworkSourceIpV4":[{"Cidr":"1.2.3.4/"}]})", "Filters.NetworkSourceIpV4"},
      {R"({"Sample":[{"Value":"true"}]})", "Filters.Sample"},
  };
  for (const auto& [filters, path] : refused) {
    const auto filter = Filter::compile(*parse_json_object(filters));
    ASSERT_FALSE(filter) << filters;
    EXPECT_EQ(filter.error().path, path) << filters;
    EXPECT_EQ(filter.error().aws_code, "InvalidInputException");
  }
  json::object many;
  for (const auto& field : detail::filter_fields().first(11)) many[field.name] = json::array{};
  EXPECT_FALSE(Filter::compile(many));
  json::array conditions(21, json::value{{"Value", "x"}, {"Comparison", "EQUALS"}});
  EXPECT_FALSE(Filter::compile({{"Id", conditions}}));
}

TEST(Filter, TellsTheStoreWhatToLookUp) {
  const auto values = [](const char* filters) {
    return Filter::compile(*parse_json_object(filters))->only_values("Id");
  };
  EXPECT_EQ(values(R"({"Id":[{"Value":"a","Comparison":"EQUALS"},{"Value":"b","Comparison":"EQUALS"}]})"),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(values(R"({"Id":[{"Value":"a","Comparison":"EQUALS"},{"Value":"b","Comparison":"PREFIX"}]})"),
            std::nullopt);
  EXPECT_EQ(values(R"({"Title":[{"Value":"a","Comparison":"EQUALS"}]})"), std::nullopt);
  EXPECT_EQ(values("{}"), std::nullopt);
  EXPECT_TRUE(Filter::compile({})->matches_everything());
}

TEST(Filter, FieldsLieInTheShapeOfAFinding) {
  for (const auto& field : detail::filter_fields()) {
    const auto& table = detail::shape_table();
    const auto* shape = &table.root();
    std::stringstream steps{std::string{field.path}};
    for (std::string step; std::getline(steps, step, '.');) {
      const bool list = step.ends_with("[]");
      const auto* member = shape->member(list ? std::string_view{step}.substr(0, step.size() - 2) : step);
      ASSERT_NE(member, nullptr) << field.name << ": " << step;
      shape = &table.at(member->shape);
      if (list) shape = &table.at(shape->of);
    }
    const bool map = shape->kind == detail::Kind::map;
    EXPECT_EQ(map, field.kind == detail::FilterKind::map) << field.name;
  }
}

TEST(Filter, HasEveryFilterOfTheModel) {
  std::ifstream file{std::string{TOCSIN_SHARED_DIR} + "/data/asff-shape.json"};
  if (!file) GTEST_SKIP() << "asff-shape.json is not there";
  std::stringstream text;
  text << file.rdbuf();
  const auto model = parse_json(text.str());
  ASSERT_TRUE(model);
  const std::pair<const char*, detail::FilterKind> kinds[] = {
      {"StringFilterList", detail::FilterKind::string},  {"NumberFilterList", detail::FilterKind::number},
      {"DateFilterList", detail::FilterKind::date},      {"IpFilterList", detail::FilterKind::ip},
      {"MapFilterList", detail::FilterKind::map},        {"KeywordFilterList", detail::FilterKind::keyword},
      {"BooleanFilterList", detail::FilterKind::boolean}};
  const auto& members = model->at("shapes").at("AwsSecurityFindingFilters").at("members").get_object();
  EXPECT_EQ(members.size(), detail::filter_fields().size());
  for (const auto& [name, member] : members) {
    const auto* field = detail::filter_field(name);
    ASSERT_NE(field, nullptr) << std::string_view{name};
    const std::string_view shape = member.at("shape").as_string();
    const auto* kind = std::ranges::find(kinds, shape, &std::pair<const char*, detail::FilterKind>::first);
    ASSERT_NE(kind, std::end(kinds)) << shape;
    EXPECT_EQ(field->kind, kind->second) << field->name;
  }
}

// The naive evaluator: gathers a field's values into a list, then asks each condition in turn.
void gather(const json::value& value, std::vector<std::string> steps, std::vector<std::string>& out) {
  if (steps.empty()) {
    if (value.is_string()) out.emplace_back(value.get_string());
    return;
  }
  const auto step = steps.front();
  steps.erase(steps.begin());
  if (step == "*") {
    if (value.is_array()) {
      for (const auto& element : value.get_array()) gather(element, steps, out);
    }
  } else if (value.is_object() && value.get_object().contains(step)) {
    gather(value.at(step), steps, out);
  }
}

bool naive(const std::vector<std::string>& values, const json::array& conditions) {
  bool any_positive = false;
  bool positive = false;
  for (const auto& condition : conditions) {
    const std::string wanted{condition.at("Value").as_string()};
    const std::string comparison{condition.at("Comparison").as_string()};
    const bool fits = std::ranges::any_of(values, [&](const std::string& value) {
      if (comparison == "EQUALS" || comparison == "NOT_EQUALS") return value == wanted;
      if (comparison.starts_with("PREFIX")) return value.rfind(wanted, 0) == 0;
      return value.find(wanted) != std::string::npos;
    });
    if (comparison.find("NOT") != std::string::npos) {
      if (fits) return false;
    } else {
      any_positive = true;
      positive |= fits;
    }
  }
  return !any_positive || positive;
}

TEST(Filter, AgreesWithTheNaiveEvaluation) {
  SeededRandom random{7};
  const std::vector<std::pair<std::string, std::vector<std::string>>> fields = {
      {"Id", {"Id"}},
      {"Type", {"Types", "*"}},
      {"ResourceType", {"Resources", "*", "Type"}},
      {"SeverityLabel", {"Severity", "Label"}},
      {"RelatedFindingsId", {"RelatedFindings", "*", "Id"}}};
  const char* const words[] = {"a", "ab", "abc", "b", "ba"};
  const char* const comparisons[] = {"EQUALS", "PREFIX", "CONTAINS", "NOT_EQUALS", "PREFIX_NOT_EQUALS", "NOT_CONTAINS"};
  const auto word = [&] { return words[random.below(std::size(words))]; };
  int compared = 0;
  for (int round = 0; round < 20000; ++round) {
    json::object finding{{"Id", word()}, {"Types", {word(), word()}}, {"Resources", json::array{}}};
    for (std::uint64_t i = random.below(3); i > 0; --i)
      finding["Resources"].as_array().push_back(json::object{{"Type", word()}});
    if (random.below(2)) finding["Severity"] = {{"Label", word()}};
    json::object filters;
    bool expected = true;
    for (std::uint64_t f = random.below(3); f > 0; --f) {
      const auto& [name, steps] = fields[random.below(fields.size())];
      json::array conditions;
      for (std::uint64_t c = 1 + random.below(3); c > 0; --c)
        conditions.push_back(
            json::object{{"Value", word()}, {"Comparison", comparisons[random.below(std::size(comparisons))]}});
      filters[name] = conditions;
    }
    const auto filter = Filter::compile(filters);
    if (!filter) continue;  // a mixture of comparisons that is refused
    for (const auto& [name, steps] : fields) {
      if (!filters.contains(name)) continue;
      std::vector<std::string> values;
      gather(finding, steps, values);
      expected = expected && naive(values, filters.at(name).as_array());
    }
    ++compared;
    ASSERT_EQ(filter->matches(finding, now), expected) << to_json(filters) << " " << to_json(finding);
  }
  EXPECT_GT(compared, 10000);
}

TEST(SortOrder, OrdersByFieldThenKey) {
  const auto make = [](const char* id, const char* changes) {
    auto finding = finding_with(changes);
    finding["Id"] = id;
    return finding;
  };
  std::vector<json::object> findings = {
      make("a", R"({"UpdatedAt":"2024-01-02T00:00:00Z","Confidence":9})"),
      make("b", R"({"UpdatedAt":"2024-01-02T01:00:00+02:00","Confidence":10})"),
      make("c", R"({"UpdatedAt":"2024-01-03T00:00:00.5Z"})"),
      make("d", R"({"UpdatedAt":"2024-01-03T00:00:00.500Z","Confidence":10})"),
  };
  const std::pair<const char*, const char*> orders[] = {
      {"[]", "cdab"},
      {R"([{"Field":"UpdatedAt","SortOrder":"asc"}])", "bacd"},
      {R"([{"Field":"Confidence","SortOrder":"asc"}])", "abdc"},
      {R"([{"Field":"Confidence","SortOrder":"desc"}])", "bdac"},
      {R"([{"Field":"Severity.Label","SortOrder":"desc"},{"Field":"Id","SortOrder":"desc"}])", "dcba"},
      {R"([{"Field":"ResourceType"}])", "abcd"},
  };
  for (const auto& [criteria, expected] : orders) {
    const auto order = SortOrder::compile(parse_json(criteria)->get_array());
    ASSERT_TRUE(order) << criteria;
    std::ranges::sort(findings, [&](const auto& a, const auto& b) { return order->before(a, b); });
    std::string ids;
    for (const auto& finding : findings) ids += string_at(finding, "Id");
    EXPECT_EQ(ids, expected) << criteria;
  }
  for (const char* bad : {R"([{"Field":"Colour"}])", R"([{"Field":"Id","SortOrder":"up"}])", R"([5])", R"([{}])"})
    EXPECT_FALSE(SortOrder::compile(parse_json(bad)->get_array())) << bad;
}

}  // namespace
}  // namespace tocsin::asff
