#include "scrape/explain_series.h"

#include <utility>

namespace sluice::scrape {

SeriesExplainer::SeriesExplainer(const PageView& page)
    : page_(page), lines_(page), maker_(page.rules), told_(page.series_count + page.gone.size()) {
  for (const uint32_t slot : page.gone) told_[slot] = true;
}

bool SeriesExplainer::Next() { return NextOfLines() || NextOfLayout(); }

bool SeriesExplainer::NextOfLines() {
  while (lines_.Next()) {
    const LineMark mark = lines_.mark();
    const Entry* const entry = lines_.entry();
    if (entry == nullptr) continue;
    // A further sample of the same series.
    if (mark.has_slot() && mark.slot() < told_.size()) {
      if (told_[mark.slot()]) continue;
      told_[mark.slot()] = true;
    }
    Explain(*entry);
    if (mark.is_refused() && series_.state == SeriesState::kStored) {
      series_.state = SeriesState::kRefused;
    }
    return true;
  }
  return false;
}

void SeriesExplainer::Explain(const Entry& entry) {
  series_ = {};
  Result<relabel::Labels> merged = maker_.Merge(entry, lines_.type());
  if (merged.ok()) series_.merged = std::move(*merged);
  const Result<SeriesFate> fate = maker_.Make(entry, lines_.type(), content_);
  if (!fate.ok()) {
    series_.state = SeriesState::kFails;
    series_.error = fate.error().message;
  } else if (*fate == SeriesFate::kDropped) {
    series_.state = SeriesState::kDropped;
  } else {
    series_.labels = Stored(content_);
  }
}

relabel::Labels SeriesExplainer::Stored(const SeriesContent& content) const {
  relabel::LabelsBuilder builder(page_.rules.target_labels);
  for (const std::string_view name : content.unset) builder.Delete(name);
  for (const buffer::LabelView& label : content.set) builder.Set(label.name, label.value);
  return builder.Build();
}

bool SeriesExplainer::NextOfLayout() {
  while (true) {
    for (; in_chunk_ < decoded_.series.size(); ++in_chunk_, ++slot_) {
      if (slot_ < told_.size() && told_[slot_]) continue;
      const buffer::SeriesView& view = decoded_.series[in_chunk_];
      series_ = {};
      series_.labels = Stored({.set = view.set, .unset = view.unset});
      series_.merged = series_.labels;
      series_.is_relabeled = false;
      ++in_chunk_;
      ++slot_;
      return true;
    }
    if (page_.layout == nullptr || chunk_ == page_.layout->chunks.size()) return false;
    in_chunk_ = 0;
    const buffer::Chunk& chunk = *page_.layout->chunks[chunk_++];
    Result<buffer::DecodedChunk> decoded = buffer::DecodedChunk::Decode(chunk.stored);
    if (decoded.ok()) {
      decoded_ = std::move(*decoded);
    } else {
      decoded_ = {};
      slot_ += chunk.series_count;
    }
  }
}

}  // namespace sluice::scrape
