// State machines inside CloudFormation templates. Private to the room.
#pragma once

#include "playbook/source.h"

namespace tocsin::playbook {

// `document` is the template as templates::read_document() gives it. Resources outside the definition are not checked:
// what a definition refers to gets the name or ARN that it would have (stand_ins.h).
Sources template_sources(const std::string& file, const std::string& text, const json::object& document,
                         const SourceOptions& options);

}  // namespace tocsin::playbook
