// Any body, in each protocol, against models with deep, flattened and recursive shapes: what is decoded validates
// without a crash, and can be written again.
#include <cstdint>

#include "api/input.h"
#include "api/output.h"

using namespace tocsin;
using namespace tocsin::api;

namespace {

struct Aim {
  const char* service;
  const char* operation;
};
constexpr Aim aims[] = {{"sqs", "SendMessageBatch"},
                        {"sns", "Publish"},
                        {"dynamodb", "PutItem"},
                        {"events", "PutTargets"},
                        {"securityhub", "GetFindings"},
                        {"securityhub", "BatchImportFindings"},
                        {"network-firewall", "UpdateRuleGroup"}};

void try_input(const Result<json::object>& input, const Shape& shape) {
  if (!input) return;
  for (const auto wording : {Wording::coral, Wording::ajv}) {
    const auto violations = validate(*input, shape, {.wording = wording});
    if (!violations.empty()) (void)violations_text(violations, wording);
  }
  std::string xml;
  write_xml(xml, *input, shape);
  json::object copy = *input;
  to_wire_json(copy, shape, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Models models;
  if (size == 0) return 0;
  const Aim& aim = aims[data[0] % std::size(aims)];
  const Shape& shape = *models.find(aim.service)->find(aim.operation)->input;
  const void* raw = data + 1;
  const std::string_view text{static_cast<const char*>(raw), size - 1};
  try_input(decode_json(text, shape, {.wire_names = true, .wording = Wording::ajv}), shape);
  Parameters form;
  if (parse_form(text, true, 1000, form)) try_input(decode_query(form, shape), shape);
  return 0;
}
