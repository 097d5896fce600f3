// The services' models, as workflow tasks need them (workflows::Shapes).
#pragma once

#include "api/model.h"
#include "workflows/shapes.h"

namespace tocsin::app {

class ModelShapes final : public workflows::Shapes {
 public:
  Result<json::object> to_operation(std::string_view service, std::string_view operation,
                                    const json::object& parameters) const override;
  json::object to_task(std::string_view service, std::string_view operation, json::object answer) const override;
  std::optional<std::string> result_problem(std::string_view service, std::string_view operation,
                                            const json::value& result, bool is_strict) const override;
  Exception exception(std::string_view service, const Error& error) const override;

 private:
  const api::OperationModel* find(std::string_view service, std::string_view operation) const;

  api::Models models_;
};

}  // namespace tocsin::app
