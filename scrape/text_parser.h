// The Prometheus text format 0.0.4 as Prometheus's own parser accepts and rejects it, which is
// not quite what the format's description says: quoted UTF-8 names, newlines inside quotes, a
// missing comma between labels and NUL as the end of the input are all accepted.
//
// An entry is what a line is, but for newlines inside quotes: EntryScanner finds its end, and
// TextParser reads it.
#pragma once

#include <list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "buffer/chunk.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// Thread-compatible. Keeps its memory between calls.
class TextParser {
 public:
  // `text` is a whole entry without the newline that ends it. Errors are worded as Prometheus
  // words them, without a line number.
  Status Parse(std::string_view text, Entry& entry);

 private:
  std::list<std::string> unescaped_;
};

// `le` of histograms and `quantile` of summaries are compared as text by everybody downstream, so
// that they are brought into one spelling: under the type that the last TYPE line stated, whatever
// its name. What `label` becomes; empty when it stays as it is.
std::string RespelledValue(const buffer::LabelView& label, buffer::MetricType type);

}  // namespace sluice::scrape
