// What became of each line of a target's last page, and why: for tools that show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "buffer/chunk.h"
#include "relabel/labels.h"
#include "scrape/page_lines.h"
#include "scrape/page_view.h"
#include "scrape/series.h"

namespace sluice::scrape {

enum class SeriesState {
  kStored,   // its samples go to the log
  kDropped,  // by metric_relabel_configs
  kRefused,  // by sample_limit, which lets only those in that were there before
  kFails,    // it fails the whole scrape
};

struct ExplainedSeries {
  // What metric_relabel_configs get to see. Not known of lines that are remembered by their series
  // alone, and of what the agent reports itself, which no rule sees: then as `labels`.
  relabel::Labels merged;
  bool is_relabeled = true;  // `merged` is known
  relabel::Labels labels;    // as it is stored; empty unless it is
  SeriesState state = SeriesState::kStored;
  std::string error;  // kFails
};

// Goes through the series of a page: those of its lines, then stored ones that no line told of, as
// those that the agent reports. Borrows the page. Thread-compatible.
class SeriesExplainer {
 public:
  explicit SeriesExplainer(const PageView& page);

  // False at the end. The series stands until the next call.
  bool Next();

  const ExplainedSeries& series() const { return series_; }

 private:
  bool NextOfLines();
  bool NextOfLayout();
  void Explain(const Entry& entry);
  relabel::Labels Stored(const SeriesContent& content) const;

  const PageView& page_;
  PageLines lines_;
  SeriesMaker maker_;
  SeriesContent content_;
  ExplainedSeries series_;
  std::vector<bool> told_;  // by slot
  size_t chunk_ = 0;        // of the layout, the next one
  buffer::DecodedChunk decoded_;
  size_t in_chunk_ = 0;
  uint32_t slot_ = 0;
};

}  // namespace sluice::scrape
