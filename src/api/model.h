// AWS's service models in memory: operations with their routes, shapes with their constraints. Read once from the
// compact files under models/aws/, which are part of the program.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace tocsin::api {

enum class Type { structure, list, map, string, blob, boolean, integer, long_integer, floating, timestamp };
enum class Location { body, uri, query, header, headers, status };

class Pattern;  // a compiled regular expression
struct Shape;

// A member of a structure, the element of a list, the key or value of a map.
struct Member {
  std::string name;
  const Shape* shape = nullptr;
  std::string wire_name;  // locationName where there is one
  bool has_wire_name = false;
  Location location = Location::body;
  bool flattened = false;
  bool required = false;
  std::string timestamp_format;  // overrides the shape's
};

struct Shape {
  std::string name;
  Type type = Type::structure;
  std::vector<Member> members;  // structures, in the model's order
  std::vector<std::size_t> by_name;
  Member element;                    // lists
  Member key, value;                 // maps
  std::vector<std::string> allowed;  // enum
  std::optional<double> min, max;
  std::string pattern_text;
  std::shared_ptr<const Pattern> pattern;
  std::string timestamp_format;
  std::string payload;  // the member that is the whole body (rest-json)
  bool flattened = false;
  bool sensitive = false;
  bool holds_timestamp = false;  // somewhere below: its documents need converting

  // Errors only.
  bool is_error = false;
  bool is_fault = false;  // the service's
  std::string error_code;
  int http_status = 0;  // 0: not said

  const Member* find(std::string_view member) const;
};

struct UriPart {
  std::string text;  // literal, or the label's name
  bool is_label = false;
  bool is_greedy = false;  // {Name+}: the rest of the path
};

struct OperationModel {
  std::string name;
  std::string method;
  std::vector<UriPart> path;
  int response_status = 200;
  bool is_named_only = false;     // the model has its route, not its shapes: it cannot be served
  const Shape* input = nullptr;   // null: none
  const Shape* output = nullptr;  // null: none
  std::string result_wrapper;
};

struct Model {
  std::string service;  // the signing name
  std::string api_version, json_version, target_prefix, xml_namespace;
  bool speaks_json = false, speaks_query = false, speaks_rest_json = false;
  bool query_compatible = false;  // json answers carry query's error codes too
  std::map<std::string, OperationModel, std::less<>> operations;
  std::map<std::string, Shape, std::less<>> shapes;

  const OperationModel* find(std::string_view operation) const;
  // The error of that shape name or that wire code; null if the model has none.
  const Shape* find_error(std::string_view name) const;
  // The operation of a method and path, and the values of its labels (decoded); null if none.
  const OperationModel* route(std::string_view method, std::string_view path,
                              std::vector<std::pair<std::string, std::string>>& labels) const;
};

// Error: corrupt, if the text is no model.
Result<Model> read_model(std::string_view text);

// The models that are part of the program, by signing name.
class Models {
 public:
  Models();
  const Model* find(std::string_view service) const;
  const Model* find_by_target(std::string_view target_prefix) const;
  auto begin() const { return models_.begin(); }
  auto end() const { return models_.end(); }

 private:
  std::map<std::string, Model, std::less<>> models_;
};

// True if the whole of `text` matches. Compiled at the first use; a pattern that RE2 cannot express (look-around)
// matches everything.
bool matches(const Pattern& pattern, std::string_view text);

}  // namespace tocsin::api
