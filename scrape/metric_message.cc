#include "scrape/metric_message.h"

#include <limits>

#include "base/utf8.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kTotal = "_total";

struct Timestamp {
  bool is_set = false;
  int64_t seconds = 0;
  int32_t nanos = 0;

  // Whole milliseconds; times that these cannot hold are the nearest that they can.
  TimestampMs ms() const {
    constexpr int64_t kMsPerSecond = 1000;
    constexpr int32_t kNanosPerMs = 1'000'000;
    constexpr int64_t kSecondsMax =
        std::numeric_limits<int64_t>::max() / kMsPerSecond - kMsPerSecond;
    if (seconds > kSecondsMax) return std::numeric_limits<int64_t>::max();
    if (seconds < -kSecondsMax) return std::numeric_limits<int64_t>::min();
    return seconds * kMsPerSecond + nanos / kNanosPerMs;
  }
};

void DecodeTimestamp(std::string_view message, Timestamp& timestamp, WireError& error) {
  timestamp.is_set = true;
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == 1) {
      timestamp.seconds = static_cast<int64_t>(fields.Varint("Seconds"));
    } else if (fields.number() == 2) {
      timestamp.nanos = static_cast<int32_t>(fields.Varint("Nanos"));
    }
  }
}

// Counter, Gauge and Untyped: a gauge has only the first field.
void DecodeValue(std::string_view message, FamilyMessage::Type type, MetricMessage& metric,
                 WireError& error) {
  const bool is_counter = type == FamilyMessage::Type::kCounter;
  Timestamp created;
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == 1) {
      metric.value = fields.Double("Value");
    } else if (fields.number() == 2 && is_counter) {
      metric.exemplar = fields.Bytes("Exemplar");
      metric.has_exemplar = true;
    } else if (fields.number() == 3 && is_counter) {
      DecodeTimestamp(fields.Bytes("CreatedTimestamp"), created, error);
    }
  }
  if (created.is_set) metric.start_timestamp_ms = created.ms();
}

void DecodeQuantile(std::string_view message, MetricMessage::Quantile& quantile, WireError& error) {
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == 1) {
      quantile.quantile = fields.Double("Quantile");
    } else if (fields.number() == 2) {
      quantile.value = fields.Double("Value");
    }
  }
}

void DecodeSummary(std::string_view message, MetricMessage& metric, WireError& error) {
  Timestamp created;
  WireReader fields(message, error);
  while (fields.Next()) {
    switch (fields.number()) {
      case 1:
        metric.count = static_cast<double>(fields.Varint("SampleCount"));
        break;
      case 2:
        metric.sum = fields.Double("SampleSum");
        break;
      case 3:
        DecodeQuantile(fields.Bytes("Quantile"), metric.quantiles.emplace_back(), error);
        break;
      case 4:
        DecodeTimestamp(fields.Bytes("CreatedTimestamp"), created, error);
        break;
      default:
        break;
    }
  }
  if (created.is_set) metric.start_timestamp_ms = created.ms();
}

// Of a count that is there as an integer and as a float, the float counts unless it is zero.
double CountOf(uint64_t integer, double floating) {
  return floating != 0 ? floating : static_cast<double>(integer);
}

void DecodeBucket(std::string_view message, MetricMessage::Bucket& bucket, WireError& error) {
  uint64_t count = 0;
  double float_count = 0;
  WireReader fields(message, error);
  while (fields.Next()) {
    switch (fields.number()) {
      case 1:
        count = fields.Varint("CumulativeCount");
        break;
      case 2:
        bucket.upper_bound = fields.Double("UpperBound");
        break;
      case 3:
        bucket.exemplar = fields.Bytes("Exemplar");
        bucket.has_exemplar = true;
        break;
      case 4:
        float_count = fields.Double("CumulativeCountFloat");
        break;
      default:
        break;
    }
  }
  bucket.count = CountOf(count, float_count);
}

void DecodeSpan(std::string_view message, proto::BucketSpan& span, WireError& error) {
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == 1) {
      span.offset = static_cast<int32_t>(fields.SignedVarint("Offset"));
    } else if (fields.number() == 2) {
      span.length = static_cast<uint32_t>(fields.Varint("Length"));
    }
  }
}

// Spans, deltas and counts have consecutive numbers for each side.
void DecodeSide(WireReader& fields, uint32_t which, proto::BucketSide& side, WireError& error) {
  if (which == 0) {
    DecodeSpan(fields.Bytes("Span"), side.spans.emplace_back(), error);
  } else if (which == 1) {
    fields.SignedVarints("Delta", [&](int64_t delta) { side.deltas.push_back(delta); });
  } else {
    fields.Doubles("Count", [&](double count) { side.counts.push_back(count); });
  }
}

void DecodeHistogramField(WireReader& fields, MetricMessage& metric, Timestamp& created,
                          WireError& error) {
  constexpr uint32_t kNegativeSpan = 9;
  constexpr uint32_t kPositiveSpan = 12;
  proto::NativeHistogram& native = metric.native;
  const uint32_t number = fields.number();
  switch (number) {
    case 1:
      native.count = fields.Varint("SampleCount");
      break;
    case 2:
      native.sum = fields.Double("SampleSum");
      break;
    case 3:
      DecodeBucket(fields.Bytes("Bucket"), metric.buckets.emplace_back(), error);
      break;
    case 4:
      native.float_count = fields.Double("SampleCountFloat");
      break;
    case 5:
      native.schema = static_cast<int32_t>(fields.SignedVarint("Schema"));
      break;
    case 6:
      native.zero_threshold = fields.Double("ZeroThreshold");
      break;
    case 7:
      native.zero_count = fields.Varint("ZeroCount");
      break;
    case 8:
      native.float_zero_count = fields.Double("ZeroCountFloat");
      break;
    case kNegativeSpan:
    case 10:
    case 11:
      DecodeSide(fields, number - kNegativeSpan, native.negative, error);
      break;
    case kPositiveSpan:
    case 13:
    case 14:
      DecodeSide(fields, number - kPositiveSpan, native.positive, error);
      break;
    case 15:
      DecodeTimestamp(fields.Bytes("CreatedTimestamp"), created, error);
      break;
    case 16:
      metric.exemplars.push_back(fields.Bytes("Exemplars"));
      break;
    default:
      break;
  }
}

void DecodeHistogram(std::string_view message, MetricMessage& metric, WireError& error) {
  Timestamp created;
  WireReader fields(message, error);
  while (fields.Next()) DecodeHistogramField(fields, metric, created, error);
  if (created.is_set) metric.start_timestamp_ms = created.ms();
  metric.sum = metric.native.sum;
  metric.count = CountOf(metric.native.count, metric.native.float_count);
}

// The number of the field of a Metric that holds what a metric of this type is.
uint32_t FieldOf(FamilyMessage::Type type) {
  switch (type) {
    case FamilyMessage::Type::kGauge:
      return 2;
    case FamilyMessage::Type::kCounter:
      return 3;
    case FamilyMessage::Type::kSummary:
      return 4;
    case FamilyMessage::Type::kUntyped:
      return 5;
    case FamilyMessage::Type::kHistogram:
    case FamilyMessage::Type::kGaugeHistogram:
      return 7;
  }
  return 0;
}

void DecodeContent(std::string_view message, FamilyMessage::Type type, MetricMessage& metric,
                   WireError& error) {
  switch (type) {
    case FamilyMessage::Type::kGauge:
    case FamilyMessage::Type::kCounter:
    case FamilyMessage::Type::kUntyped:
      DecodeValue(message, type, metric, error);
      break;
    case FamilyMessage::Type::kSummary:
      DecodeSummary(message, metric, error);
      break;
    case FamilyMessage::Type::kHistogram:
    case FamilyMessage::Type::kGaugeHistogram:
      DecodeHistogram(message, metric, error);
      break;
  }
}

// Labels usually come first and together; only those that do not are copied.
void AddLabel(std::string_view field, MetricMessage& metric) {
  const bool is_scattered = !metric.scattered_labels.empty();
  const char* const end = metric.labels.data() + metric.labels.size();
  if (metric.labels.empty()) {
    metric.labels = field;
  } else if (!is_scattered && end == field.data()) {
    metric.labels = {metric.labels.data(), metric.labels.size() + field.size()};
  } else {
    if (!is_scattered) metric.scattered_labels.assign(metric.labels);
    metric.scattered_labels.append(field);
    metric.labels = metric.scattered_labels;
  }
}

bool EndsWithUnit(std::string_view name, std::string_view unit) {
  return name.size() > unit.size() && name.ends_with(unit) &&
         name[name.size() - unit.size() - 1] == '_';
}

Status DecodeLabel(std::string_view message, buffer::LabelView& label, WireError& error) {
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == 1) {
      label.name = fields.Bytes("Name");
      if (label.name.empty() || !IsValidUtf8(label.name)) {
        return InvalidInput("invalid label name: " + QuoteText(label.name));
      }
    } else if (fields.number() == 2) {
      label.value = fields.Bytes("Value");
      if (!IsValidUtf8(label.value)) {
        return InvalidInput("invalid label value: " + QuoteText(label.value));
      }
    }
  }
  return Status::Ok();
}

}  // namespace

buffer::MetricType FamilyMessage::metric_type() const {
  switch (type) {
    case Type::kCounter:
      return buffer::MetricType::kCounter;
    case Type::kGauge:
      return buffer::MetricType::kGauge;
    case Type::kSummary:
      return buffer::MetricType::kSummary;
    case Type::kHistogram:
      return buffer::MetricType::kHistogram;
    case Type::kGaugeHistogram:
      return buffer::MetricType::kGaugeHistogram;
    case Type::kUntyped:
      break;
  }
  return buffer::MetricType::kUnknown;
}

void DecodeFamily(std::string_view message, FamilyMessage& family, WireError& error) {
  family = FamilyMessage();
  WireReader fields(message, error);
  while (fields.Next()) {
    switch (fields.number()) {
      case 1:
        family.name = fields.Bytes("Name");
        break;
      case 2:
        family.help = fields.Bytes("Help");
        break;
      case 3:
        family.type = static_cast<FamilyMessage::Type>(fields.Varint("Type"));
        break;
      case 4:
        fields.Bytes("Metric");
        family.has_metrics = true;
        break;
      case 5:
        family.unit = fields.Bytes("Unit");
        break;
      default:
        break;
    }
  }
}

Status CheckFamily(const FamilyMessage& family) {
  if (family.name.empty() || !IsValidUtf8(family.name)) {
    return InvalidInput("invalid metric name: " + QuoteText(family.name));
  }
  if (!IsValidUtf8(family.help)) {
    return InvalidInput("invalid help for metric " + QuoteText(family.name) + ": " +
                        QuoteText(family.help));
  }
  if (family.type < FamilyMessage::Type::kCounter ||
      family.type > FamilyMessage::Type::kGaugeHistogram) {
    return InvalidInput("unknown metric type for metric " + QuoteText(family.name) + ": " +
                        std::to_string(static_cast<int32_t>(family.type)));
  }
  if (family.unit.empty()) return Status::Ok();
  std::string_view name = family.name;
  const bool is_total = family.type == FamilyMessage::Type::kCounter && name.ends_with(kTotal);
  if (is_total) name.remove_suffix(kTotal.size());
  if (EndsWithUnit(name, family.unit)) return Status::Ok();
  return InvalidInput("unit " + QuoteText(family.unit) + " not a suffix of " +
                      (is_total ? "counter " : "metric ") + QuoteText(family.name));
}

bool MetricList::Next(std::string_view& metric) {
  while (fields_.Next()) {
    if (fields_.number() != 4) continue;
    metric = fields_.Bytes("Metric");
    return true;
  }
  return false;
}

// A native histogram without observations and with a zero threshold of 0 has an empty span to say
// that it is one.
bool MetricMessage::is_native() const {
  return !native.positive.spans.empty() || !native.negative.spans.empty() ||
         native.zero_threshold > 0 || native.zero_count > 0 || native.float_zero_count > 0;
}

void MetricMessage::Clear() {
  labels = {};
  timestamp_ms = 0;
  start_timestamp_ms = 0;
  value = 0;
  has_exemplar = false;
  exemplar = {};
  sum = 0;
  count = 0;
  quantiles.clear();
  buckets.clear();
  exemplars.clear();
  scattered_labels.clear();
  native.is_float = false;
  native.count = 0;
  native.float_count = 0;
  native.sum = 0;
  native.schema = 0;
  native.zero_threshold = 0;
  native.zero_count = 0;
  native.float_zero_count = 0;
  native.reset_hint = proto::ResetHint::kUnknown;
  native.custom_values.clear();
  for (proto::BucketSide* side : {&native.negative, &native.positive}) {
    side->spans.clear();
    side->deltas.clear();
    side->counts.clear();
  }
}

void DecodeMetric(std::string_view message, FamilyMessage::Type type, MetricMessage& metric,
                  WireError& error) {
  constexpr uint32_t kLabel = 1;
  constexpr uint32_t kTimestamp = 6;
  metric.Clear();
  const uint32_t content = FieldOf(type);
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == kLabel) {
      fields.Bytes("Label");
      AddLabel(fields.field_bytes(), metric);
    } else if (fields.number() == content) {
      DecodeContent(fields.Bytes("Content"), type, metric, error);
    } else if (fields.number() == kTimestamp) {
      metric.timestamp_ms = static_cast<int64_t>(fields.Varint("TimestampMs"));
    }
  }
}

Status DecodeLabels(std::string_view labels, std::vector<buffer::LabelView>& out) {
  out.clear();
  WireError error;
  WireReader fields(labels, error);
  while (fields.Next()) {
    Status status = DecodeLabel(fields.Bytes("Label"), out.emplace_back(), error);
    if (!status.ok()) return status;
  }
  return error.ToStatus();
}

bool DecodeExemplar(std::string_view message, ExemplarView& out, WireError& error) {
  out.labels.clear();
  out.value = 0;
  Timestamp timestamp;
  bool is_valid = true;
  WireReader fields(message, error);
  while (fields.Next()) {
    if (fields.number() == 1) {
      const Status status = DecodeLabel(fields.Bytes("Label"), out.labels.emplace_back(), error);
      is_valid = is_valid && status.ok();
    } else if (fields.number() == 2) {
      out.value = fields.Double("Value");
    } else if (fields.number() == 3) {
      DecodeTimestamp(fields.Bytes("Timestamp"), timestamp, error);
    }
  }
  out.has_timestamp = timestamp.is_set;
  out.timestamp_ms = timestamp.ms();
  return is_valid && !error.any();
}

}  // namespace sluice::scrape
