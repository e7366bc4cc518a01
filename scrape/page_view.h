// What a target's last page was, to be looked at without the target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "buffer/layout.h"
#include "scrape/entry.h"
#include "scrape/page_template.h"
#include "scrape/series.h"

namespace sluice::scrape {

// A value; text and layout are shared with the page.
struct PageView {
  std::shared_ptr<const PageTemplate> text;         // never null
  PageFormat format = PageFormat::kPrometheusText;  // of the text
  // Of the series that the last page had and some that earlier ones had, then those that the agent
  // reports; of the latter alone before the first success.
  std::shared_ptr<const buffer::Layout> layout;
  uint32_t series_count = 0;   // of the last page, without what the agent reports
  std::vector<uint32_t> gone;  // slots of the layout that earlier pages had; ascending
  SeriesRules rules;
};

// A larger text is not given away: whoever looks at it keeps it when the page has a new one.
inline constexpr size_t kPageViewBytesMax = PageTemplate::kPlainBytesMax;

}  // namespace sluice::scrape
