// A receiver without a network: what it was sent, and whether that was in order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::remotewrite::test {

// A float or a histogram.
struct ReceivedSample {
  TimestampMs timestamp_ms = 0;
  uint64_t bits = 0;      // of the value, or a hash of the histogram
  std::string histogram;  // as AppendHistogram writes it; "" for a float
  TimestampMs start_ms = 0;
};

struct ReceivedExemplar {
  std::map<std::string, std::string> labels;
  TimestampMs timestamp_ms = 0;
  double value = 0;
};

struct ReceivedSeries {
  std::map<std::string, std::string> labels;
  std::vector<ReceivedSample> samples;
  std::vector<ReceivedExemplar> exemplars;
  int type = 0;
  std::string help;
  std::string unit;

  std::string Text() const;
};

// Remote write 2.0, by its first field.
bool IsV2(const std::string& body);

// zstd, by its magic number.
bool IsZstd(const std::string& body);

// Fails the test on a body that is no remote write request, 1.0 or 2.0, as the specifications want
// it.
std::vector<ReceivedSeries> DecodeRequest(const std::string& body);

class Receiver {
 public:
  // Stores the samples. One that was not seen before must be newer than all of its series that
  // were, unless any order will do; others are duplicates.
  void Store(const std::string& body);

  bool any_order = false;

  uint64_t distinct_samples() const { return distinct_; }

  uint64_t duplicates() const { return duplicates_; }

  // Samples that ask whether anything is accepted; not stored.
  uint64_t probes() const { return probes_; }

  const std::map<std::string, std::map<TimestampMs, uint64_t>>& series() const { return series_; }

 private:
  std::map<std::string, std::map<TimestampMs, uint64_t>> series_;
  uint64_t distinct_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t probes_ = 0;
};

// The values of a label in a request.
std::set<std::string> LabelValues(const std::string& body, const std::string& label);

}  // namespace sluice::remotewrite::test
