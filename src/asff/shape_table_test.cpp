#include "asff/detail/shape_table.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "core/json.h"

namespace tocsin::asff::detail {
namespace {

// A document of the shared data, or null where it is not there.
json::value shared_json(const std::string& name) {
  std::ifstream file{std::string{TOCSIN_SHARED_DIR} + "/data/" + name};
  if (!file) return nullptr;
  std::stringstream text;
  text << file.rdbuf();
  auto value = parse_json(text.str());
  return value ? *value : nullptr;
}

const Shape& member_shape(const Shape& shape, std::string_view name) {
  const Member* member = shape.member(name);
  EXPECT_NE(member, nullptr) << shape.name << "." << name;
  return member ? shape_table().at(member->shape) : shape;
}

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view names[] = {"structure", "list", "map", "string", "integer", "double", "boolean"};
  return names[static_cast<std::size_t>(kind)];
}

TEST(ShapeTable, FindsEveryMemberAndNoOther) {
  const Shape& root = shape_table().root();
  for (const char* name : {"SchemaVersion", "Id", "ProductArn", "Severity", "FindingProviderFields", "Detection"})
    EXPECT_NE(root.member(name), nullptr) << name;
  for (const char* name : {"", "id", "Ids", "SchemaVersions", "productArn"})
    EXPECT_EQ(root.member(name), nullptr) << name;
  EXPECT_EQ(root.required.size(), 10U);
}

TEST(ShapeTable, CarriesTheDocumentedLimits) {
  const Shape& root = shape_table().root();
  EXPECT_EQ(member_shape(root, "Title").max, 256);
  EXPECT_EQ(member_shape(root, "Resources").min, 1);
  EXPECT_EQ(member_shape(root, "Resources").max, 32);
  EXPECT_EQ(member_shape(root, "UpdatedAt").format, Format::timestamp);
  const Shape& fields = member_shape(root, "ProductFields");
  EXPECT_EQ(fields.max, 50);
  EXPECT_EQ(shape_table().at(fields.of).max, 2048);
  // A limit of one member leaves its neighbours of the same shape alone.
  EXPECT_EQ(shape_table().at(member_shape(root, "UserDefinedFields").of).max, 1024);
}

// Walks our table and the reference's shape side by side.
class Comparison {
 public:
  explicit Comparison(const json::object& shapes) : shapes_{shapes} {}
  std::size_t compared = 0;

  void structure(const Shape& ours, std::string_view their_name, int depth) {
    if (depth > 40 || !visited_.insert(std::string{their_name}).second) return;
    const auto& theirs = shapes_.at(their_name).get_object();
    ASSERT_EQ(string_at(theirs, "type"), "structure") << their_name;
    for (const auto& required : theirs.at("required").get_array())
      EXPECT_NE(std::ranges::find(ours.required, std::string_view{required.get_string()}), ours.required.end())
          << their_name;
    for (const auto& [name, member] : theirs.at("members").get_object()) {
      ASSERT_NE(ours.member(name), nullptr) << their_name << "." << std::string_view{name};
      value(shape_table().at(ours.member(name)->shape), string_at(member.get_object(), "shape"), depth + 1);
      ++compared;
    }
  }

  void value(const Shape& ours, std::string_view their_name, int depth) {
    const auto& theirs = shapes_.at(their_name).get_object();
    const auto type = string_at(theirs, "type");
    EXPECT_EQ(kind_name(ours.kind), type == "long" ? "integer" : type) << their_name;
    if (ours.kind == Kind::structure) return structure(ours, their_name, depth);
    if (ours.kind == Kind::list) return value(shape_table().at(ours.of), string_at(theirs, "member"), depth + 1);
    if (const auto* values = theirs.if_contains("enum"); values && values->is_array()) {
      for (const auto& v : values->get_array())
        EXPECT_NE(std::ranges::find(ours.enumeration, std::string_view{v.get_string()}), ours.enumeration.end())
            << their_name << " " << v;
    }
  }

 private:
  const json::object& shapes_;
  std::set<std::string> visited_;
};

TEST(ShapeTable, AgreesWithTheModelOfALaterRelease) {
  const auto reference = shared_json("asff-shape.json");
  if (reference.is_null()) GTEST_SKIP() << "asff-shape.json is not there";
  Comparison comparison{reference.at("shapes").get_object()};
  comparison.structure(shape_table().root(), "AwsSecurityFinding", 0);
  EXPECT_GT(comparison.compared, 2000U);
}

TEST(ShapeTable, AgreesWithTheListOfLimits) {
  const auto limits = shared_json("asff-limits.json");
  if (limits.is_null()) GTEST_SKIP() << "asff-limits.json is not there";
  const Shape& root = shape_table().root();
  const auto check_all = [&](const char* group) {
    for (const auto& [path, bounds] : limits.at(group).get_object()) {
      if (path == "source") continue;
      const Shape* shape = &root;
      std::stringstream steps{std::string{path}};
      for (std::string step; std::getline(steps, step, '.');) shape = &member_shape(*shape, step);
      EXPECT_EQ(std::max<std::int64_t>(shape->min, 0), bounds.at(0).as_int64()) << path;
      EXPECT_EQ(shape->max, bounds.at(1).as_int64()) << path;
    }
  };
  check_all("lengths");
  check_all("array_members");
}

}  // namespace
}  // namespace tocsin::asff::detail
