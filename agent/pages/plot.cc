#include "agent/pages/plot.h"

#include <algorithm>
#include <cmath>

namespace sluice::agent {
namespace {

constexpr double kWidth = 360;
constexpr double kHeight = 72;
constexpr double kSpanMs = 3'600'000;

std::string Coordinate(double value) {
  // Tenths are finer than what can be seen.
  const auto tenths = std::llround(value * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(std::abs(tenths % 10));
}

std::string Line(const Plot& plot, double top) {
  std::string line;
  for (const PlotPoint& point : plot.points) {
    const double age = static_cast<double>(plot.until_ms - point.time_ms);
    if (age < 0 || age > kSpanMs) continue;
    const double x = kWidth * (1 - age / kSpanMs);
    const double y = kHeight * (1 - std::max(0.0, point.value) / top);
    line += (line.empty() ? "" : " ") + Coordinate(x) + "," + Coordinate(y);
  }
  return line;
}

}  // namespace

Html DrawPlot(const Plot& plot) {
  double top = 0;
  for (const PlotPoint& point : plot.points) top = std::max(top, point.value);
  const double last = plot.points.empty() ? 0 : plot.points.back().value;
  const std::string line = Line(plot, top > 0 ? top : 1);
  const size_t first_end = std::min(line.find(','), line.size());
  const size_t last_begin = line.rfind(' ') == std::string::npos ? 0 : line.rfind(' ') + 1;
  const std::string last_x = line.substr(last_begin, line.find(',', last_begin) - last_begin);
  const std::string bottom = Coordinate(kHeight);

  Html html;
  html.Raw("<figure class=\"plot\"><figcaption><span>").Text(plot.title).Raw("</span><b>");
  html.Text(plot.text_of(last)).Raw("</b></figcaption>");
  html.Raw("<svg viewBox=\"0 -2 360 76\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
  html.Text(plot.title + ": " + plot.text_of(last)).Raw("\">");
  html.Raw("<line class=\"base\" x1=\"0\" y1=\"72\" x2=\"360\" y2=\"72\"/>");
  if (!line.empty()) {
    html.Raw("<polygon points=\"").Text(line.substr(0, first_end) + "," + bottom + " " + line);
    html.Text(" " + last_x + "," + bottom).Raw("\"/><polyline points=\"").Text(line).Raw("\"/>");
  }
  html.Raw("</svg><div class=\"axis\"><span>1h ago</span><span>at most ").Text(plot.text_of(top));
  html.Raw("</span><span>now</span></div></figure>");
  return html;
}

}  // namespace sluice::agent
