// The protobuf exposition format (io.prometheus.client.MetricFamily) as Prometheus's own parser
// reads it: the series of a family, their order and their spelling are its.
//
// A family is read metric by metric, and a metric series by series. Labels are made into text only
// when somebody asks for them: the key of a series has them as the bytes that they are in the
// message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scrape/bucket_compactor.h"
#include "scrape/classic_histogram.h"
#include "scrape/entry.h"
#include "scrape/histogram_rules.h"
#include "scrape/metric_message.h"
#include "scrape/protobuf_wire.h"

namespace sluice::scrape {

// The message of one metric may be this large; a larger one fails the scrape.
inline constexpr size_t kMetricBytesMax = 4U << 20;

// Thread-compatible. Keeps its memory between families.
class ProtobufParser {
 public:
  explicit ProtobufParser(HistogramRules rules) : rules_(rules), metrics_({}, error_) {}

  ProtobufParser(const ProtobufParser&) = delete;
  ProtobufParser& operator=(const ProtobufParser&) = delete;

  // Begins a family, a whole message, which must stay until its last entry is done with. Errors,
  // here and below, are worded as Prometheus words them, and final for the body.
  Status Start(std::string_view message);

  // Goes to the next entry of the family; false at its end. A family without metrics has none.
  Result<bool> Next();

  // The entry, but for its labels. It and what its views point into hold until the next call.
  const Entry& entry() const { return entry_; }

  // Names the entry, as PageWalk::Place() wants it.
  std::string_view key() const { return key_; }

  // Adds the labels of a sample to the entry.
  Status ReadLabels();

  // Of the family begun last.
  std::string_view family_name() const { return family_.name; }

  // Histograms so far that were to get custom buckets and make none.
  uint64_t malformed_histograms() const { return malformed_histograms_; }

 private:
  // What Next() has to give.
  enum class Step : uint8_t { kEnd, kHelp, kUnit, kType, kMetric, kNative, kSeries, kCustom };

  // Keys are the labels of the metric, a NUL, which no label begins with, this, and the rest.
  enum class KeyKind : char {
    kHelp = 'H',
    kUnit = 'U',
    kType = 'T',
    kValue = 'v',
    kCount = 'c',
    kSum = 's',
    kBucket = 'b',
    kQuantile = 'q',
    kNative = 'n',
    kCustom = 'm',
  };

  void GiveMetadata();
  bool StartMetric();
  Result<bool> GiveOfMetric();
  void GiveValue();
  Status GiveNative();
  void GiveSeries();
  void GiveBucket(size_t index);
  bool GiveCustom();
  void EndSeries();

  void ClearEntry();
  void SetSample(KeyKind kind, std::string_view name, double value);
  void SetBound(KeyKind kind, std::string_view name, const char* label, double bound);
  void AddExemplar(std::string_view message, bool needs_timestamp);
  void AddHistogramExemplars();

  const HistogramRules rules_;
  WireError error_;
  FamilyMessage family_;
  MetricList metrics_;
  std::string count_name_;
  std::string sum_name_;
  std::string bucket_name_;

  Step step_ = Step::kEnd;
  MetricMessage metric_;
  bool is_native_ = false;  // metric_ is read as a native histogram
  size_t series_ = 0;       // in kSeries: 0 = count, 1 = sum, from 2 on buckets or quantiles
  ClassicHistogram classic_;
  BucketCompactor compactor_;
  proto::NativeHistogram custom_;
  uint64_t malformed_histograms_ = 0;

  std::string key_;
  Entry entry_;
  const char* bound_label_ = nullptr;  // `le` or `quantile`, if the entry has it
  double bound_ = 0;
  std::string bound_text_;
  std::vector<ExemplarView> spare_exemplars_;
};

}  // namespace sluice::scrape
