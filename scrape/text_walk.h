// Reads a body of one of the text formats against the text of the one before.
//
// As long as the bytes equal the template, only values are read. Where they do not, the entry is
// parsed and placed. Where classic histograms are to be converted, so is every entry: a page then
// has other entries than its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scrape/converting_walk.h"
#include "scrape/page_reader.h"
#include "scrape/page_walk.h"
#include "scrape/text_dialect.h"

namespace sluice::scrape {

// An entry longer than this fails the scrape.
inline constexpr size_t kEntryBytesMax = 16U << 20;

// Thread-compatible; for one body.
// `Dialect` is one of those in text_dialect.h.
template <class Dialect>
class TextWalk final : public PageReader {
 public:
  // `walk` and `rules` must outlive it.
  TextWalk(PageWalk& walk, const SeriesRules& rules) : walk_(walk), rules_(rules) {
    if (rules.histograms.to_custom_buckets) converting_.emplace(walk, rules.histograms);
  }

  // Errors start with `line N: `.
  Status Feed(std::string_view bytes) override;
  Status End() override;

 private:
  Status Walk(std::string_view bytes);
  const char* SkipKnown(const char* p, const char* lines_end, const char* end);
  const char* WalkKnown(const char* p, const char* end);
  template <bool kRewriting>
  const char* PassExpected(const char* p, const char* end);
  bool Keep(std::string_view key, const Sample& sample);
  const char* ReadRest(const char* p, const char* end, Sample& sample);
  const char* ReadUncommonRest(const char* p, const char* end, Sample& sample);
  Status EndCarried();
  Status ProcessEntry(std::string_view whole);
  Status Place(std::string_view whole);
  Status Convert(std::string_view whole);
  void CatchUp();
  void FindUntold();
  bool ReadMetadata(std::string_view text);
  void TellMetadata(std::string_view text);
  std::string_view MetricNameOf(std::string_view key);
  Error AtLine(const Error& error) const;

  // Set once.
  PageWalk& walk_;
  const SeriesRules& rules_;

  // Where we are.
  uint64_t line_ = 0;   // lines of the body done
  bool ended_ = false;  // by a mark, or by a NUL
  typename Dialect::Scanner scanner_;
  std::string carry_;    // an unfinished entry
  std::string carried_;  // one that has been finished
  Status failure_;

  // How far the walk knows the metadata of the template that the body agrees with.
  size_t told_ = 0;        // lines of it
  bool told_all_ = false;  // it is rewriting out of step, and hears of all metadata as it comes
  std::vector<std::string_view> untold_;  // the last one first

  typename Dialect::Parser parser_;
  Entry entry_;
  Entry named_;  // for the name of a known series
  // For metadata that is passed, because entry_ may wait to be placed.
  typename Dialect::Parser metadata_parser_;
  Entry metadata_;
  std::string scratch_;

  std::optional<ConvertingWalk> converting_;
};

extern template class TextWalk<PrometheusText>;
extern template class TextWalk<OpenMetricsText>;

}  // namespace sluice::scrape
