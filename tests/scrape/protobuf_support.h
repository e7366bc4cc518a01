// Pages of the protobuf format, made from text, and what is read from them, as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "metrics.pb.h"
#include "scrape/protobuf_parser.h"

namespace sluice::scrape::test {

namespace pb = ::io::prometheus::client;

// A message in protobuf's text format.
pb::MetricFamily FamilyOf(const std::string& text);

// The message behind its length.
void AppendMessage(std::string_view message, std::string& page);
void AppendFamily(const pb::MetricFamily& family, std::string& page);
std::string PageOf(const std::vector<std::string>& family_texts);

// What was read: the entries in their order, one line each, and then the error if there is one.
struct ReadPage {
  std::vector<std::string> entries;
  std::vector<std::string> keys;
  std::string error;
  uint64_t malformed_histograms = 0;
};

// Feeds the page in pieces of this size.
ReadPage Read(std::string_view page, const HistogramRules& rules, size_t piece_bytes = SIZE_MAX);

std::string Describe(const Entry& entry);
std::string Describe(const proto::NativeHistogram& histogram);

}  // namespace sluice::scrape::test
