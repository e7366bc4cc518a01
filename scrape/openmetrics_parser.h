// OpenMetrics text as Prometheus's own parser accepts and rejects it, which is not what the
// specification says: names, suffixes, order and values of families are not looked at, an exemplar
// may stand on any sample, and a metric name may be quoted.
//
// OpenMetricsScanner finds the end of an entry, and OpenMetricsParser reads it.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "buffer/chunk.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// Thread-compatible. Keeps its memory between calls.
class OpenMetricsParser {
 public:
  // `text` is a whole entry with the newline that ends it; only at the end of the input that may be
  // missing. Errors are worded as Prometheus words them, without a line number. Labels of exemplars
  // come as they are written, escapes included, as they do there.
  Status Parse(std::string_view text, Entry& entry);

  // Of a sample whose series is known: `text` starts with the blank before the value. `entry` is
  // that of the sample, but for name and labels.
  Status ParseRest(std::string_view text, Entry& entry);

 private:
  void Clear(Entry& entry);

  std::list<std::string> unescaped_;
  std::vector<buffer::LabelView> spare_;  // memory for the labels of an exemplar
};

// What is wrong with a page whose end is not marked.
Error NoEndMark();
// What is wrong with one that goes on behind the mark.
Error DataBehindEnd();

}  // namespace sluice::scrape
