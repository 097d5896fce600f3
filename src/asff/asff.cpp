#include "asff/asff.h"

namespace tocsin::asff {

FindingKey key_of(const json::object& finding) {
  return {.product_arn = std::string{string_at(finding, "ProductArn")}, .id = std::string{string_at(finding, "Id")}};
}

std::string default_product_arn(const Identity& identity) {
  return identity.arn("securityhub", "product/" + identity.account + "/default");
}

}  // namespace tocsin::asff
