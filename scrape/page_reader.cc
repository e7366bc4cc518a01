#include "scrape/page_reader.h"

#include "scrape/text_walk.h"

namespace sluice::scrape {

std::unique_ptr<PageReader> MakePageReader(PageFormat format, PageWalk& walk,
                                           const SeriesRules& rules) {
  if (format == PageFormat::kOpenMetrics) {
    return std::make_unique<TextWalk<OpenMetricsText>>(walk, rules);
  }
  return std::make_unique<TextWalk<PrometheusText>>(walk, rules);
}

}  // namespace sluice::scrape
