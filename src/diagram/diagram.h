// diagram: state machines as pictures. Pure: a definition in, text out. Choices carry their conditions, ways that
// errors take are dashed, Parallel and Map states hold what runs inside them.
#pragma once

#include <string>

#include "asl/definition.h"
#include "core/result.h"

namespace tocsin::diagram {

// A digraph for Graphviz.
std::string to_dot(const asl::Definition& definition);
// A flowchart for Mermaid, as GitHub and GitLab show it in Markdown.
std::string to_mermaid(const asl::Definition& definition);
// A picture of its own, laid out in layers from top to bottom. Error: validation, where the machine is too large for
// that (some thousands of states, or long ways back).
Result<std::string> to_svg(const asl::Definition& definition);

}  // namespace tocsin::diagram
