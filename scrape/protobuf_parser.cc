#include "scrape/protobuf_parser.h"

#include <bit>
#include <limits>
#include <utility>

#include "base/varint.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kFirstBucket = 2;  // of MetricMessage, among the series

bool IsMadeOfSeries(FamilyMessage::Type type) {
  return type == FamilyMessage::Type::kSummary || type == FamilyMessage::Type::kHistogram ||
         type == FamilyMessage::Type::kGaugeHistogram;
}

uint64_t SpanTotal(const proto::BucketSide& side) {
  uint64_t total = 0;
  for (const proto::BucketSpan& span : side.spans) total += span.length;
  return total;
}

Status CheckSpans(const proto::BucketSide& side, bool is_float, const char* which) {
  const uint64_t needed = SpanTotal(side);
  const size_t found = is_float ? side.counts.size() : side.deltas.size();
  if (needed == found) return Status::Ok();
  return InvalidInput(std::string(which) + " side: spans need " + std::to_string(needed) +
                      " buckets, have " + std::to_string(found) +
                      " buckets: histogram spans specify different number of buckets than "
                      "provided");
}

// Integer histograms say nothing in floats, and the other way round.
void ClearOtherKind(proto::NativeHistogram& histogram) {
  for (proto::BucketSide* side : {&histogram.negative, &histogram.positive}) {
    if (histogram.is_float) {
      side->deltas.clear();
    } else {
      side->counts.clear();
    }
  }
  if (histogram.is_float) {
    histogram.count = 0;
    histogram.zero_count = 0;
  } else {
    histogram.float_count = 0;
    histogram.float_zero_count = 0;
  }
}

}  // namespace

Status ProtobufParser::Start(std::string_view message) {
  error_ = WireError();
  step_ = Step::kEnd;
  DecodeFamily(message, family_, error_);
  if (error_.any()) return error_.ToStatus();
  if (!family_.has_metrics) return Status::Ok();
  if (Status status = CheckFamily(family_); !status.ok()) return status;
  if (IsMadeOfSeries(family_.type)) {
    count_name_.assign(family_.name).append("_count");
    sum_name_.assign(family_.name).append("_sum");
    bucket_name_.assign(family_.name).append("_bucket");
  }
  metrics_ = MetricList(message, error_);
  step_ = Step::kHelp;
  return Status::Ok();
}

Result<bool> ProtobufParser::Next() {
  ClearEntry();
  switch (step_) {
    case Step::kEnd:
      return false;
    case Step::kHelp:
    case Step::kUnit:
    case Step::kType:
      GiveMetadata();
      return true;
    case Step::kMetric:
    case Step::kNative:
    case Step::kSeries:
    case Step::kCustom:
      break;
  }
  Result<bool> given = GiveOfMetric();
  if (error_.any()) given = error_.ToStatus().error();
  if (!given.ok()) step_ = Step::kEnd;
  return given;
}

// Until there is something to give.
Result<bool> ProtobufParser::GiveOfMetric() {
  while (true) {
    if (step_ == Step::kNative) {
      Status status = GiveNative();
      if (!status.ok()) return status.error();
      return true;
    }
    if (step_ == Step::kSeries) {
      GiveSeries();
      return true;
    }
    if (step_ == Step::kCustom) {
      step_ = Step::kMetric;
      if (GiveCustom()) return true;
      ++malformed_histograms_;
    }
    std::string_view message;
    if (!metrics_.Next(message)) {
      step_ = Step::kEnd;
      return false;
    }
    if (message.size() > kMetricBytesMax) return InvalidInput("metric too large");
    DecodeMetric(message, family_.type, metric_, error_);
    if (error_.any()) return false;
    key_.assign(metric_.labels).push_back('\0');
    if (!StartMetric()) return true;
  }
}

Status ProtobufParser::ReadLabels() {
  Status status = DecodeLabels(metric_.labels, entry_.labels);
  if (!status.ok() || bound_label_ == nullptr) return status;
  bound_text_ = FormatOpenMetricsFloat(bound_);
  entry_.labels.push_back({bound_label_, bound_text_});
  return Status::Ok();
}

void ProtobufParser::GiveMetadata() {
  entry_.name = family_.name;
  key_.assign(1, '\0');
  switch (step_) {
    case Step::kHelp:
      entry_.kind = EntryKind::kHelp;
      entry_.help = family_.help;
      key_.push_back(static_cast<char>(KeyKind::kHelp));
      step_ = family_.unit.empty() ? Step::kType : Step::kUnit;
      break;
    case Step::kUnit:
      entry_.kind = EntryKind::kUnit;
      entry_.unit = family_.unit;
      key_.push_back(static_cast<char>(KeyKind::kUnit));
      step_ = Step::kType;
      break;
    default:
      entry_.kind = EntryKind::kType;
      entry_.type = family_.metric_type();
      key_.push_back(static_cast<char>(KeyKind::kType));
      key_.push_back(static_cast<char>(family_.type));
      step_ = Step::kMetric;
      break;
  }
  PutString(key_, family_.name);
  key_.append(entry_.help).append(entry_.unit);
}

// Whether there is more to it than one value, which is given.
bool ProtobufParser::StartMetric() {
  if (!IsMadeOfSeries(family_.type)) {
    GiveValue();
    return false;
  }
  series_ = 0;
  is_native_ = family_.is_histogram() && rules_.native && metric_.is_native();
  const bool is_replaced =
      family_.is_histogram() && rules_.to_custom_buckets && !rules_.always_classic;
  if (is_native_) {
    step_ = Step::kNative;
  } else {
    step_ = is_replaced ? Step::kCustom : Step::kSeries;
  }
  return true;
}

void ProtobufParser::GiveValue() {
  SetSample(KeyKind::kValue, family_.name, metric_.value);
  if (metric_.has_exemplar) AddExemplar(metric_.exemplar, false);
}

Status ProtobufParser::GiveNative() {
  proto::NativeHistogram& native = metric_.native;
  native.is_float = native.float_count > 0 || native.float_zero_count > 0;
  if (family_.type == FamilyMessage::Type::kGaugeHistogram) {
    native.reset_hint = proto::ResetHint::kGauge;
  }
  Status status = CheckSpans(native.negative, native.is_float, "negative");
  if (status.ok()) status = CheckSpans(native.positive, native.is_float, "positive");
  if (!status.ok()) return status;
  ClearOtherKind(native);
  compactor_.Compact(native, 0);
  SetSample(KeyKind::kNative, family_.name, 0);
  entry_.histogram = &native;
  AddHistogramExemplars();
  step_ = rules_.always_classic && !metric_.buckets.empty() ? Step::kSeries : Step::kMetric;
  return Status::Ok();
}

void ProtobufParser::GiveSeries() {
  const size_t index = series_++;
  if (index == 0) {
    SetSample(KeyKind::kCount, count_name_, metric_.count);
  } else if (index == 1) {
    SetSample(KeyKind::kSum, sum_name_, metric_.sum);
    if (!family_.is_histogram() && metric_.quantiles.empty()) EndSeries();
  } else if (family_.is_histogram()) {
    GiveBucket(index - kFirstBucket);
  } else {
    const MetricMessage::Quantile& quantile = metric_.quantiles[index - kFirstBucket];
    SetBound(KeyKind::kQuantile, family_.name, "quantile", quantile.quantile);
    entry_.value = quantile.value;
    if (series_ - kFirstBucket == metric_.quantiles.size()) EndSeries();
  }
}

// The bucket of +Inf is the last one, whatever may follow it, and need not be there.
void ProtobufParser::GiveBucket(size_t index) {
  const bool is_there = index < metric_.buckets.size();
  const double bound = is_there ? metric_.buckets[index].upper_bound : kInfinity;
  SetBound(KeyKind::kBucket, bucket_name_, "le", bound);
  entry_.value = is_there ? metric_.buckets[index].count : metric_.count;
  if (is_there && metric_.buckets[index].has_exemplar) {
    AddExemplar(metric_.buckets[index].exemplar, false);
  }
  if (bound == kInfinity) EndSeries();
}

bool ProtobufParser::GiveCustom() {
  classic_.Clear();
  classic_.SetCount(metric_.count);
  classic_.SetSum(metric_.sum);
  for (const MetricMessage::Bucket& bucket : metric_.buckets) {
    classic_.AddBucket(bucket.upper_bound, bucket.count);
  }
  if (!classic_.Convert(custom_).ok()) return false;
  if (family_.type == FamilyMessage::Type::kGaugeHistogram) {
    custom_.reset_hint = proto::ResetHint::kGauge;
  }
  SetSample(KeyKind::kCustom, family_.name, 0);
  entry_.histogram = &custom_;
  AddHistogramExemplars();
  return true;
}

void ProtobufParser::EndSeries() {
  const bool gives_custom = family_.is_histogram() && rules_.to_custom_buckets && !is_native_;
  step_ = gives_custom ? Step::kCustom : Step::kMetric;
}

void ProtobufParser::ClearEntry() {
  entry_.kind = EntryKind::kNothing;
  entry_.help = {};
  entry_.unit = {};
  entry_.labels.clear();
  entry_.histogram = nullptr;
  bound_label_ = nullptr;
  while (!entry_.exemplars.empty()) {
    spare_exemplars_.push_back(std::move(entry_.exemplars.back()));
    entry_.exemplars.pop_back();
  }
}

void ProtobufParser::SetSample(KeyKind kind, std::string_view name, double value) {
  entry_.kind = EntryKind::kSample;
  entry_.name = name;
  entry_.value = value;
  entry_.has_timestamp = metric_.timestamp_ms != 0;
  entry_.timestamp_ms = metric_.timestamp_ms;
  entry_.start_timestamp_ms = metric_.start_timestamp_ms;
  key_.resize(metric_.labels.size() + 1);
  key_.push_back(static_cast<char>(kind));
  key_.append(name);
}

void ProtobufParser::SetBound(KeyKind kind, std::string_view name, const char* label,
                              double bound) {
  SetSample(kind, name, 0);
  bound_label_ = label;
  bound_ = bound;
  const auto bits = std::bit_cast<uint64_t>(bound);
  key_.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
}

void ProtobufParser::AddExemplar(std::string_view message, bool needs_timestamp) {
  if (spare_exemplars_.empty()) spare_exemplars_.emplace_back();
  ExemplarView& exemplar = spare_exemplars_.back();
  if (!DecodeExemplar(message, exemplar, error_)) return;
  if (needs_timestamp && !exemplar.has_timestamp) return;
  entry_.exemplars.push_back(std::move(exemplar));
  spare_exemplars_.pop_back();
}

// Those of the native histogram win over those of the classic buckets, and without a timestamp
// they are of no use.
void ProtobufParser::AddHistogramExemplars() {
  if (!metric_.exemplars.empty()) {
    for (const std::string_view message : metric_.exemplars) AddExemplar(message, true);
    return;
  }
  for (const MetricMessage::Bucket& bucket : metric_.buckets) {
    if (bucket.has_exemplar) AddExemplar(bucket.exemplar, true);
  }
}

}  // namespace sluice::scrape
