// The lines of a target's last page, read again: for whoever explains what became of them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"
#include "scrape/entry.h"
#include "scrape/key_reader.h"
#include "scrape/openmetrics_parser.h"
#include "scrape/page_view.h"
#include "scrape/text_parser.h"

namespace sluice::scrape {

// Goes through what is remembered of a page, in its order. Borrows the page. Thread-compatible.
class PageLines {
 public:
  explicit PageLines(const PageView& page) : page_(page), keys_(*page.text) {}

  // Goes to the next line that stands for samples; false at the end. Lines of the page that were
  // not remembered, as there is a bound, are none.
  bool Next();

  // Without its value. Nothing when the line is remembered in a form that does not say what it
  // was: by its digest as it is very long, or as the histogram that was made of several lines.
  const Entry* entry() const { return readable_ ? &entry_ : nullptr; }

  // What was last said of a type, as it matters for the spelling of some labels.
  buffer::MetricType type() const { return type_; }

  LineMark mark() const { return page_.text->mark(line_); }

 private:
  bool ReadText(std::string_view key, bool is_metadata);
  bool ReadMessageKey(std::string_view key);

  const PageView& page_;
  KeyReader keys_;
  size_t next_ = 0;
  size_t line_ = 0;
  bool readable_ = false;
  buffer::MetricType type_ = buffer::MetricType::kUnknown;
  TextParser text_parser_;
  OpenMetricsParser openmetrics_parser_;
  std::string whole_;  // what entry_ points into
  std::string bound_;
  Entry entry_;
};

}  // namespace sluice::scrape
