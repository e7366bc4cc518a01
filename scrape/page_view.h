// What a target's last page was, to be looked at without the target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "buffer/layout.h"
#include "scrape/entry.h"
#include "scrape/page_template.h"
#include "scrape/series.h"

namespace sluice::scrape {

// A value; the layout is shared.
struct PageView {
  PageTemplate text;
  PageFormat format = PageFormat::kPrometheusText;  // of the text
  // Of the series that the last page had, then those that the agent reports; of the latter alone
  // before the first success.
  std::shared_ptr<const buffer::Layout> layout;
  uint32_t series_count = 0;  // without what the agent reports
  SeriesRules rules;
};

// A page that takes more memory is not copied: its worker has targets to scrape.
inline constexpr size_t kPageViewBytesMax = 64U << 20;

}  // namespace sluice::scrape
