#include <algorithm>

#include <fmt/format.h>

#include "diagram/diagram.h"
#include "diagram/layout.h"

namespace tocsin::diagram {
namespace {

constexpr std::string_view style =
    "text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#1f2933}"
    ".name{font-size:13px;font-weight:bold}.detail{font-size:11px;fill:#616e7c}.label{font-size:11px}"
    ".box{fill:#fff;stroke:#52606d;stroke-width:1.2}.task{stroke:#2563a8}.choice{fill:#fff8e1;stroke:#b7791f}"
    ".wait{fill:#f3f0ff;stroke:#6b46c1}.succeed{stroke:#2f855a}.fail{fill:#fdecea;stroke:#c0392b}"
    ".around{fill:#f5f7fa;stroke:#52606d}.inner{fill:#fff;stroke:#9aa5b1;stroke-dasharray:2 3}"
    ".edge{fill:none;stroke:#52606d;stroke-width:1.3}.caught{stroke:#c0392b;stroke-dasharray:5 4}"
    ".caughtlabel{fill:#c0392b}.dot{fill:#1f2933}.ring{fill:#fff;stroke:#1f2933;stroke-width:2}";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result;
}

std::string_view class_of(asl::StateType type) {
  switch (type) {
    case asl::StateType::task:
      return "box task";
    case asl::StateType::choice:
      return "box choice";
    case asl::StateType::wait:
      return "box wait";
    case asl::StateType::succeed:
      return "box succeed";
    case asl::StateType::fail:
      return "box fail";
    default:
      return "box";
  }
}

class Writer {
 public:
  std::string write(const Placed& placed, std::string_view comment) {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" "
        "role=\"img\">\n<title>{2}</title>\n<style>{3}</style>\n<defs>{4}{5}</defs>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        placed.width, placed.height, escaped(comment), style, arrow("next", "#52606d"), arrow("caught", "#c0392b"));
    container(placed, {});
    return std::move(out_) + "</svg>\n";
  }

 private:
  static std::string arrow(std::string_view id, std::string_view colour) {
    return fmt::format(
        "<marker id=\"{}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" "
        "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 1L10 5L0 9z\" fill=\"{}\"/></marker>",
        id, colour);
  }

  void container(const Placed& placed, Point at) {
    for (const auto& node : placed.nodes) draw(node, {at.x + node.corner.x, at.y + node.corner.y});
    for (const auto& edge : placed.edges) line(edge, at);
    for (const auto& edge : placed.edges) label(edge, at);
  }

  void text(std::string_view kind, double x, double y, std::string_view content) {
    out_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", kind, x, y,
                        escaped(content));
  }

  void draw(const PlacedNode& placed, Point at) {
    const auto& node = *placed.node;
    const double middle = at.x + placed.width / 2;
    if (node.shape != Shape::state) {
      const double y = at.y + placed.height / 2;
      if (node.shape == Shape::end)
        out_ += fmt::format("<circle class=\"ring\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"7.5\"/>", middle, y);
      out_ += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", middle, y,
                          node.shape == Shape::end ? "4" : "7");
      return;
    }
    out_ += fmt::format("<g><title>{}</title>",
                        escaped(fmt::format("{}: {} {}", node.name, asl::to_string(node.type), node.detail)));
    outline(placed, at);
    double y = at.y + padding_top;
    for (const auto& line : placed.lines) {
      text("name", middle, y, line);
      y += line_height;
    }
    text("detail", middle, y, shortened(detail(node), 40));
    for (const auto& inner : placed.inside) inside(inner, at);
    out_ += "</g>\n";
  }

  static std::string detail(const Node& node) {
    return fmt::format("{}{}{}", asl::to_string(node.type), node.detail.empty() ? "" : " · ", node.detail);
  }

  void outline(const PlacedNode& placed, Point at) {
    const auto& node = *placed.node;
    if (node.type == asl::StateType::choice) {
      const double x = at.x, y = at.y, w = placed.width, h = placed.height;
      out_ += fmt::format(
          "<path class=\"box choice\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} "
          "{:.1f}L{:.1f} {:.1f}z\"/>\n",
          x + 14, y, x + w - 14, y, x + w, y + h / 2, x + w - 14, y + h, x + 14, y + h, x, y + h / 2);
      return;
    }
    out_ +=
        fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{}\"/>\n",
                    node.inside.empty() ? class_of(node.type) : "box around", at.x, at.y, placed.width, placed.height,
                    node.type == asl::StateType::wait || node.type == asl::StateType::succeed ? 16 : 6);
  }

  void inside(const Placed& inner, Point at) {
    const Point corner{at.x + inner.corner.x, at.y + inner.corner.y};
    out_ += fmt::format(
        "<rect class=\"box inner\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\"/>\n", corner.x,
        corner.y, inner.width, inner.height);
    text("detail", corner.x + inner.width / 2, corner.y + 17, inner.graph->title);
    container(inner, corner);
  }

  void line(const PlacedEdge& placed, Point at) {
    const bool caught = placed.edge->way == Way::caught;
    std::string path;
    const auto& points = placed.points;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double x = points[i].x + at.x, y = points[i].y + at.y;
      if (i == 0) {
        path += fmt::format("M{:.1f} {:.1f}", x, y);
      } else if (i % 2 == 0 || placed.edge->from == placed.edge->to) {
        path += fmt::format("L{:.1f} {:.1f}", x, y);
      } else {
        const double middle = (points[i - 1].y + at.y + y) / 2;
        path +=
            fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", points[i - 1].x + at.x, middle, x, middle, x, y);
      }
    }
    out_ += fmt::format("<path class=\"edge{}\" d=\"{}\" marker-end=\"url(#{})\"/>\n", caught ? " caught" : "", path,
                        caught ? "caught" : "next");
  }

  void label(const PlacedEdge& placed, Point at) {
    if (placed.lines.empty()) return;
    const double height = static_cast<double>(placed.lines.size()) * (line_height - 2);
    std::size_t most = 0;
    for (const auto& line : placed.lines) most = std::max(most, character_count(line));
    const double width = static_cast<double>(most) * 6.0 + 6;
    const double x = placed.label.x + at.x;
    double y = placed.label.y + at.y - height / 2;
    out_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#fff\" opacity=\"0.9\"/>\n",
        x - width / 2, y, width, height);
    for (const auto& line : placed.lines) {
      text(placed.edge->way == Way::caught ? "label caughtlabel" : "label", x, y + 11, line);
      y += line_height - 2;
    }
  }

  static constexpr double padding_top = 20;
  std::string out_;
};

}  // namespace

Result<std::string> to_svg(const asl::Definition& definition) {
  const auto graph = graph_of(definition);
  auto placed = lay_out(graph);
  if (!placed) return pass_on(placed);
  return Writer().write(*placed, definition.comment.empty() ? "State machine" : std::string_view(definition.comment));
}

}  // namespace tocsin::diagram
