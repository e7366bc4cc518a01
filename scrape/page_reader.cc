#include "scrape/page_reader.h"

#include "scrape/protobuf_walk.h"
#include "scrape/text_walk.h"

namespace sluice::scrape {

std::unique_ptr<PageReader> MakePageReader(PageFormat format, PageWalk& walk,
                                           const SeriesRules& rules) {
  switch (format) {
    case PageFormat::kPrometheusText:
      return std::make_unique<TextWalk<PrometheusText>>(walk, rules);
    case PageFormat::kOpenMetrics:
      return std::make_unique<TextWalk<OpenMetricsText>>(walk, rules);
    case PageFormat::kProtobuf:
      return std::make_unique<ProtobufWalk>(walk, rules.histograms);
  }
  return nullptr;
}

}  // namespace sluice::scrape
