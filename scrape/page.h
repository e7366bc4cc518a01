// A target's page over time: body in, frames out.
//
// Knows nothing of HTTP, clocks or the log. For each scrape: Begin(), SetFormat(), Feed() for every
// piece of the body, then exactly one of Succeed() and Fail(). Frames of one call belong into one
// append.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "scrape/content_pool.h"
#include "scrape/page_frame.h"
#include "scrape/page_reader.h"
#include "scrape/page_view.h"
#include "scrape/page_walk.h"
#include "scrape/series.h"

namespace sluice::scrape {

struct PageResult {
  std::vector<PageFrame> frames;
  SampleCounts counts;
};

// What a page reports about its scrapes.
struct PageReport {
  std::shared_ptr<const buffer::Chunk> chunk;  // MakeReportChunk(), one for all pages
  // MakeExtraReportChunk(), one for all pages; null without extra_scrape_metrics.
  std::shared_ptr<const buffer::Chunk> extra = nullptr;
  double timeout_seconds = 0;  // of a scrape; for the extra report

  size_t series_count() const {
    return kReportSeriesCount + (extra == nullptr ? 0 : kExtraReportSeriesCount);
  }
};

// What the scrape, of which the page saw only the body, was like.
struct ScrapeMeasures {
  double duration_seconds = 0;
  double body_bytes = 0;  // uncompressed; -1: more than the limit
};

// Where like pages find what they have in common. Thread-safe.
struct LikePages {
  ContentPool<ToldText> told;
  ContentPool<PageTemplate> texts;
  ContentPool<SeriesList> series;
};

// Thread-compatible.
class Page {
 public:
  // `like` must outlive it; null when it shares nothing.
  Page(SeriesRules rules, PageReport report, LikePages* like = nullptr);

  // Takes over other settings between two scrapes. What makes series of entries must be the same:
  // only the sample limit, and the timeout that is reported, may differ.
  void Reconfigure(SeriesRules rules, PageReport report);

  // Starts a scrape whose samples get `frame_ms`, at the wall time `now_ms`. A scrape that was
  // begun and not ended is forgotten.
  void Begin(TimestampMs frame_ms, TimestampMs now_ms);

  // The format of the body, before its first piece; the Prometheus text format where nobody says.
  void SetFormat(PageFormat format);

  // The next piece of the body, cut anywhere. After an error the scrape can only Fail().
  Status Feed(std::string_view bytes);

  // The body is complete. Its samples, `up` 1, and stale markers for the series that are gone.
  // An error, of the last line that only the end completes, leaves the scrape to Fail().
  Result<PageResult> Succeed(const ScrapeMeasures& measures);

  enum class Failure {
    kTransfer,  // no usable body: whatever Feed() saw does not count
    kContent,   // Feed() or Succeed() failed
  };
  // `up` 0, and stale markers for the series that were not seen before the failure, if they have
  // not had theirs.
  PageResult Fail(Failure failure, const ScrapeMeasures& measures);

  // The target is gone: stale markers for all its series and for the report. Nothing if it was
  // never scraped. What a successor under the same target labels goes on with gets no marker; it
  // may be null.
  PageResult Retire(TimestampMs frame_ms, const Page* successor);

  // What is remembered, to be looked at elsewhere. A scrape that was begun does not show.
  PageView View() const;

  // Bytes kept between scrapes, without the chunks; of what is shared, its part.
  size_t memory_bytes() const;

  uint32_t series_count() const {
    return state_.series->size() - static_cast<uint32_t>(state_.gone.size());
  }

  // Null before the first success.
  const std::shared_ptr<const buffer::Layout>& layout() const { return state_.layout; }

 private:
  using Slots = std::vector<uint32_t>;

  PageFrame SampleFrame(PageWalk::Outcome& outcome, const ScrapeMeasures& measures,
                        const SampleCounts& counts) const;
  std::optional<PageFrame> StaleFrame(const Slots& slots) const;
  std::optional<PageFrame> ExtraFrame(const PageWalk::Outcome& outcome) const;
  PageFrame ReportFrame(const ScrapeMeasures& measures, const SampleCounts& counts) const;
  void AppendReport(double up, const ScrapeMeasures& measures, const SampleCounts& counts,
                    std::vector<double>& values) const;
  void AppendReportChunks(std::vector<std::shared_ptr<const buffer::Chunk>>& chunks) const;
  bool IsTracked(uint32_t slot) const;
  bool NeedsMarker(uint32_t slot) const;
  Slots Vanished(const PageWalk::Outcome& outcome) const;
  void AddHashes(std::unordered_set<uint64_t>& hashes) const;
  void StartWalk();
  void EndWalk();
  void Adopt(PageWalk::Outcome& outcome);
  void AdoptSeries(PageWalk::Outcome& outcome, const Slots& missing);
  void Rebuild(PageWalk::Outcome& outcome, const Slots& order, size_t chunks_at_once);
  void SetSeries(std::shared_ptr<const SeriesList> series);
  void CalmDown(PageWalk::Outcome& outcome);
  void SetText(PageTemplate&& text);
  void ShareWithOthers();
  void RememberMarkers(const Slots& slots);
  void RememberSamples(PageWalk::Outcome& outcome);
  void RememberTimes(PageWalk::Outcome& outcome);

  SeriesRules rules_;
  PageReport report_;
  LikePages* like_;
  std::shared_ptr<const buffer::Layout> report_layout_;
  PageState state_;
  PageWalk::Times times_;
  // Of the scrape, null before the first piece: many may wait for theirs.
  std::unique_ptr<PageWalk> walk_;
  std::unique_ptr<PageReader> reader_;  // feeds walk_
};

}  // namespace sluice::scrape
