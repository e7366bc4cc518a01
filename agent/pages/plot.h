// A small line plot, as SVG.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pages/html.h"
#include "base/clock.h"

namespace sluice::agent {

struct PlotPoint {
  TimestampMs time_ms = 0;
  double value = 0;
};

struct Plot {
  std::string title{};
  TimestampMs until_ms = 0;  // the right edge; the left one is an hour before
  std::vector<PlotPoint> points{};
  std::function<std::string(double)> text_of{};  // of a value
};

// The line, the area below it, its greatest value and the last one. Pure.
Html DrawPlot(const Plot& plot);

}  // namespace sluice::agent
