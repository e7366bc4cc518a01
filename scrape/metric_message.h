// The messages of the Prometheus data model (io.prometheus.client), decoded field by field into
// memory that is used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "buffer/chunk.h"
#include "proto/native_histogram.h"
#include "scrape/entry.h"
#include "scrape/protobuf_wire.h"

namespace sluice::scrape {

// A MetricFamily without its metrics. Views point into the message.
struct FamilyMessage {
  // What MetricFamily.type may be.
  enum class Type : int32_t {
    kCounter = 0,
    kGauge = 1,
    kSummary = 2,
    kUntyped = 3,
    kHistogram = 4,
    kGaugeHistogram = 5,
  };

  std::string_view name;
  std::string_view help;
  std::string_view unit;
  Type type = Type::kCounter;
  bool has_metrics = false;

  bool is_histogram() const { return type == Type::kHistogram || type == Type::kGaugeHistogram; }

  buffer::MetricType metric_type() const;
};

// Looks through the whole message once. Errors of its wire level only.
void DecodeFamily(std::string_view message, FamilyMessage& family, WireError& error);

// Name, help, unit and type as Prometheus checks them.
Status CheckFamily(const FamilyMessage& family);

// One after the other the messages of the metrics in a MetricFamily. Thread-compatible.
class MetricList {
 public:
  MetricList(std::string_view family, WireError& error) : fields_(family, error) {}

  // False at the end, and after an error.
  bool Next(std::string_view& metric);

 private:
  WireReader fields_;
};

// A Metric: the part of it that belongs to the type of its family. Of a field that is missing
// everything is zero, as in Prometheus. Views point into the message or into this.
struct MetricMessage {
  struct Quantile {
    double quantile = 0;
    double value = 0;
  };

  struct Bucket {
    double upper_bound = 0;
    double count = 0;  // cumulative
    bool has_exemplar = false;
    std::string_view exemplar;  // message
  };

  std::string_view labels;       // the fields of the labels with their tags, one behind the other
  TimestampMs timestamp_ms = 0;  // 0 = none
  TimestampMs start_timestamp_ms = 0;  // 0 = none

  double value = 0;  // counter, gauge, untyped
  bool has_exemplar = false;
  std::string_view exemplar;  // message, of the counter

  // Summary and histogram.
  double sum = 0;
  double count = 0;
  std::vector<Quantile> quantiles;
  std::vector<Bucket> buckets;  // classic ones

  // The native part of a histogram. Count and sum are in it, too.
  proto::NativeHistogram native;
  std::vector<std::string_view> exemplars;  // messages

  // Whether the histogram is a native one at all.
  bool is_native() const;

  void Clear();

  std::string scattered_labels;  // where `labels` are when others lie between them
};

// Replaces what was in `metric`.
void DecodeMetric(std::string_view message, FamilyMessage::Type type, MetricMessage& metric,
                  WireError& error);

// The name and the value of each label in `labels`, as in MetricMessage::labels, in their order.
// Errors in Prometheus's words for names and values that it refuses.
Status DecodeLabels(std::string_view labels, std::vector<buffer::LabelView>& out);

// False when it is no exemplar that could be sent on; `error` says whether the message is to blame.
bool DecodeExemplar(std::string_view message, ExemplarView& out, WireError& error);

}  // namespace sluice::scrape
