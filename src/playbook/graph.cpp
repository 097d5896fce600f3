#include <ostream>

#include "diagram/diagram.h"
#include "playbook/options.h"
#include "playbook/playbook.h"
#include "playbook/source.h"

namespace tocsin::playbook {

int run_graph(const GraphOptions& options, std::ostream& out, std::ostream& err) {
  const auto flags = source_options(options.definition);
  if (!flags) return complain(flags.error(), err), wrong_use;
  const auto source = read_source(options.file, options.definition.machine, *flags);
  if (!source) return complain(source.error(), err);
  const auto parsed = asl::parse(source->text, source->kind);
  if (!parsed.definition) {
    for (const auto& problem : check(*source)) err << to_text(problem) << "\n";
    return bad;
  }
  switch (options.format) {
    case GraphFormat::dot:
      out << diagram::to_dot(*parsed.definition);
      break;
    case GraphFormat::mermaid:
      out << diagram::to_mermaid(*parsed.definition);
      break;
    case GraphFormat::svg: {
      const auto svg = diagram::to_svg(*parsed.definition);
      if (!svg) return complain(svg.error(), err);
      out << *svg;
      break;
    }
  }
  return done;
}

}  // namespace tocsin::playbook
