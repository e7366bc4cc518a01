// What the text formats do not have in common, each as a class that the walk of texts is made for.
#pragma once

#include <string_view>

#include "base/result.h"
#include "scrape/entry.h"
#include "scrape/entry_scanner.h"
#include "scrape/openmetrics_lexer.h"
#include "scrape/openmetrics_parser.h"
#include "scrape/text_parser.h"

namespace sluice::scrape {

struct PrometheusText {
  using Scanner = EntryScanner;
  using Parser = TextParser;

  // The end of a page is marked, and behind the mark nothing may follow.
  static constexpr bool kIsMarked = false;

  // `whole` is an entry with its newline, if it has one.
  static Status Parse(Parser& parser, std::string_view whole, Entry& entry);

  // What stands behind the text of a known series, from the value on, goes into `entry`. Returns
  // the newline at its end, or null when this is not plainly fine or bytes are missing.
  static const char* ReadRest(const char* p, const char* end, Parser& parser, Entry& entry);
};

struct OpenMetricsText {
  using Scanner = OpenMetricsScanner;
  using Parser = OpenMetricsParser;
  static constexpr bool kIsMarked = true;

  static Status Parse(Parser& parser, std::string_view whole, Entry& entry);
  static const char* ReadRest(const char* p, const char* end, Parser& parser, Entry& entry);
};

}  // namespace sluice::scrape
