// Random families, encoded by what protoc makes of the schema, must be read as a plain walk over
// the decoded messages says, however the bytes are cut.
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "protobuf_support.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

using test::Read;
using test::ReadPage;
namespace pb = test::pb;

class RandomFamilies {
 public:
  explicit RandomFamilies(uint32_t seed) : rng_(seed) {}

  pb::MetricFamily Make() {
    pb::MetricFamily family;
    family.set_name("m" + std::to_string(Below(30)));
    if (Below(2) == 0) family.set_help("help " + std::to_string(Below(5)));
    if (Below(4) == 0) {
      family.set_unit("seconds");
      family.set_name(family.name() + "_seconds");
    }
    family.set_type(static_cast<pb::MetricType>(Below(6)));
    for (size_t i = Below(5); i > 0; --i) Fill(family.type(), *family.add_metric());
    return family;
  }

  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(rng_); }

 private:
  double Number() {
    constexpr double kNumbers[] = {0, 1, 2.5, -3, 1e6, 1e-9, 123456789, 1e300};
    if (Below(20) == 0) return std::numeric_limits<double>::infinity();
    return kNumbers[Below(std::size(kNumbers))];
  }

  void Fill(pb::MetricType type, pb::Metric& metric) {
    for (size_t i = Below(3); i > 0; --i) {
      pb::LabelPair& label = *metric.add_label();
      label.set_name("l" + std::to_string(i));
      label.set_value(std::string(Below(3) == 0 ? Below(200) : Below(9), 'v'));
    }
    if (Below(3) == 0) metric.set_timestamp_ms(static_cast<int64_t>(Below(100)) - 50);
    switch (type) {
      case pb::GAUGE:
        metric.mutable_gauge()->set_value(Number());
        break;
      case pb::UNTYPED:
        metric.mutable_untyped()->set_value(Number());
        break;
      case pb::COUNTER:
        metric.mutable_counter()->set_value(Number());
        if (Below(2) == 0) Fill(*metric.mutable_counter()->mutable_exemplar());
        if (Below(2) == 0) Fill(*metric.mutable_counter()->mutable_created_timestamp());
        break;
      case pb::SUMMARY:
        Fill(*metric.mutable_summary());
        break;
      default:
        Fill(*metric.mutable_histogram());
        break;
    }
  }

  void Fill(google::protobuf::Timestamp& timestamp) {
    timestamp.set_seconds(static_cast<int64_t>(Below(2'000'000)) - 1'000'000);
    timestamp.set_nanos(static_cast<int32_t>(Below(1'000'000'000)));
  }

  void Fill(pb::Exemplar& exemplar) {
    exemplar.set_value(Number());
    if (Below(2) == 0) Fill(*exemplar.mutable_timestamp());
    for (size_t i = Below(3); i > 0; --i) {
      pb::LabelPair& label = *exemplar.add_label();
      label.set_name("e" + std::to_string(i));
      label.set_value(std::to_string(Below(1000)));
    }
  }

  void Fill(pb::Summary& summary) {
    summary.set_sample_count(Below(1000));
    summary.set_sample_sum(Number());
    if (Below(2) == 0) Fill(*summary.mutable_created_timestamp());
    for (size_t i = Below(4); i > 0; --i) {
      pb::Quantile& quantile = *summary.add_quantile();
      quantile.set_quantile(static_cast<double>(i) / 10);
      quantile.set_value(Number());
    }
  }

  void Fill(pb::Histogram& histogram) {
    const bool is_float = Below(3) == 0;
    histogram.set_sample_sum(Number());
    if (is_float) {
      histogram.set_sample_count_float(0.5 + static_cast<double>(Below(100)));
    } else {
      histogram.set_sample_count(Below(100));
    }
    if (Below(2) == 0) Fill(*histogram.mutable_created_timestamp());
    for (size_t i = Below(4); i > 0; --i) {
      pb::Bucket& bucket = *histogram.add_bucket();
      bucket.set_upper_bound(Number());
      bucket.set_cumulative_count(Below(50));
      if (Below(4) == 0) bucket.set_cumulative_count_float(static_cast<double>(Below(50)));
      if (Below(2) == 0) Fill(*bucket.mutable_exemplar());
    }
    if (Below(2) == 0) return;
    histogram.set_schema(static_cast<int32_t>(Below(13)) - 4);
    histogram.set_zero_threshold(Below(2) == 0 ? 1e-128 : 0);
    for (size_t i = Below(3); i > 0; --i) Fill(*histogram.add_exemplars());
    for (size_t i = Below(3); i > 0; --i) {
      // In its shortest form, so that it is given as it is.
      histogram.mutable_positive_span()->Add()->set_offset(static_cast<int32_t>(1 + Below(9)));
      histogram.mutable_positive_span()->rbegin()->set_length(1);
      if (is_float) {
        histogram.add_positive_count(1 + static_cast<double>(Below(9)));
      } else {
        histogram.add_positive_delta(1 + static_cast<int64_t>(Below(9)));
      }
    }
  }

  std::mt19937 rng_;
};

std::string Ms(const google::protobuf::Timestamp& timestamp) {
  return std::to_string(timestamp.seconds() * 1000 + timestamp.nanos() / 1'000'000);
}

// The entries that a family should give.
class Expected {
 public:
  Expected(const HistogramRules& rules, std::vector<std::string>& lines)
      : rules_(rules), lines_(lines) {}

  void Add(const pb::MetricFamily& family) {
    if (family.metric_size() == 0) return;
    static const char* const kTypes[] = {"counter", "gauge",     "summary",
                                         "unknown", "histogram", "gaugehistogram"};
    lines_.push_back("HELP " + family.name() + ' ' + family.help());
    if (!family.unit().empty()) lines_.push_back("UNIT " + family.name() + ' ' + family.unit());
    lines_.push_back("TYPE " + family.name() + ' ' + kTypes[family.type()]);
    for (const pb::Metric& metric : family.metric()) Add(family, metric);
  }

 private:
  void Add(const pb::MetricFamily& family, const pb::Metric& metric) {
    metric_ = &metric;
    const std::string& name = family.name();
    switch (family.type()) {
      case pb::GAUGE:
        AddSeries(name, "", metric.gauge().value());
        break;
      case pb::UNTYPED:
        AddSeries(name, "", metric.untyped().value());
        break;
      case pb::COUNTER:
        created_ = metric.counter().has_created_timestamp() ? &metric.counter().created_timestamp()
                                                            : nullptr;
        AddSeries(name, "", metric.counter().value());
        if (metric.counter().has_exemplar()) AddExemplar(metric.counter().exemplar());
        break;
      case pb::SUMMARY:
        AddSummary(name, metric.summary());
        break;
      default:
        AddHistogram(family, metric.histogram());
        break;
    }
    created_ = nullptr;
  }

  void AddSummary(const std::string& name, const pb::Summary& summary) {
    created_ = summary.has_created_timestamp() ? &summary.created_timestamp() : nullptr;
    AddSeries(name + "_count", "", static_cast<double>(summary.sample_count()));
    AddSeries(name + "_sum", "", summary.sample_sum());
    for (const pb::Quantile& quantile : summary.quantile()) {
      AddSeries(name, "quantile=\"" + FormatOpenMetricsFloat(quantile.quantile()) + '"',
                quantile.value());
    }
  }

  void AddHistogram(const pb::MetricFamily& family, const pb::Histogram& histogram) {
    created_ = histogram.has_created_timestamp() ? &histogram.created_timestamp() : nullptr;
    const bool is_native =
        rules_.native && (histogram.positive_span_size() > 0 || histogram.zero_threshold() > 0);
    if (is_native) {
      AddNative(family, histogram);
      if (!rules_.always_classic || histogram.bucket_size() == 0) return;
    }
    const double count = histogram.sample_count_float() != 0
                             ? histogram.sample_count_float()
                             : static_cast<double>(histogram.sample_count());
    AddSeries(family.name() + "_count", "", count);
    AddSeries(family.name() + "_sum", "", histogram.sample_sum());
    bool has_infinity = false;
    for (const pb::Bucket& bucket : histogram.bucket()) {
      AddBucket(family.name(), bucket.upper_bound(),
                bucket.cumulative_count_float() != 0
                    ? bucket.cumulative_count_float()
                    : static_cast<double>(bucket.cumulative_count()));
      if (bucket.has_exemplar()) AddExemplar(bucket.exemplar());
      has_infinity = std::isinf(bucket.upper_bound());
      if (has_infinity) break;
    }
    if (!has_infinity) AddBucket(family.name(), std::numeric_limits<double>::infinity(), count);
  }

  void AddBucket(const std::string& name, double bound, double count) {
    AddSeries(name + "_bucket", "le=\"" + FormatOpenMetricsFloat(bound) + '"', count);
  }

  void AddNative(const pb::MetricFamily& family, const pb::Histogram& histogram) {
    proto::NativeHistogram native;
    native.is_float = histogram.sample_count_float() > 0;
    native.count = histogram.sample_count();
    native.float_count = histogram.sample_count_float();
    native.sum = histogram.sample_sum();
    native.schema = histogram.schema();
    native.zero_threshold = histogram.zero_threshold();
    if (family.type() == pb::GAUGE_HISTOGRAM) native.reset_hint = proto::ResetHint::kGauge;
    for (const pb::BucketSpan& span : histogram.positive_span()) {
      native.positive.spans.push_back({span.offset(), span.length()});
    }
    native.positive.deltas.assign(histogram.positive_delta().begin(),
                                  histogram.positive_delta().end());
    native.positive.counts.assign(histogram.positive_count().begin(),
                                  histogram.positive_count().end());
    AddSample(family.name(), "", test::Describe(native));
    for (const pb::Exemplar& exemplar : histogram.exemplars()) {
      if (exemplar.has_timestamp()) AddExemplar(exemplar);
    }
    if (histogram.exemplars_size() > 0) return;
    for (const pb::Bucket& bucket : histogram.bucket()) {
      if (bucket.has_exemplar() && bucket.exemplar().has_timestamp()) {
        AddExemplar(bucket.exemplar());
      }
    }
  }

  void AddSeries(const std::string& name, const std::string& bound, double value) {
    AddSample(name, bound, FormatOpenMetricsFloat(value));
  }

  void AddSample(const std::string& name, const std::string& bound, const std::string& value) {
    std::string labels;
    for (const pb::LabelPair& label : metric_->label()) {
      if (!labels.empty()) labels += ',';
      labels += label.name() + "=\"" + label.value() + '"';
    }
    if (!labels.empty() && !bound.empty()) labels += ',';
    std::string line = name + '{' + labels + bound + "} " + value;
    if (metric_->timestamp_ms() != 0) line += " @" + std::to_string(metric_->timestamp_ms());
    if (created_ != nullptr && Ms(*created_) != "0") line += " since " + Ms(*created_);
    lines_.push_back(line);
  }

  void AddExemplar(const pb::Exemplar& exemplar) {
    std::string labels;
    for (const pb::LabelPair& label : exemplar.label()) {
      if (!labels.empty()) labels += ',';
      labels += label.name() + "=\"" + label.value() + '"';
    }
    std::string& line = lines_.back();
    line += " # {" + labels + "} " + FormatOpenMetricsFloat(exemplar.value());
    if (exemplar.has_timestamp()) line += " @" + Ms(exemplar.timestamp());
  }

  const HistogramRules rules_;
  std::vector<std::string>& lines_;
  const pb::Metric* metric_ = nullptr;
  const google::protobuf::Timestamp* created_ = nullptr;
};

HistogramRules RandomRules(RandomFamilies& random) {
  return {.native = random.Below(3) != 0, .always_classic = random.Below(2) == 0};
}

TEST_CASE("random families are read as their messages say", "[protobuf]") {
  const auto seed = GENERATE(take(200, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  RandomFamilies random(seed);
  const HistogramRules rules = RandomRules(random);
  std::string page;
  std::vector<std::string> expected;
  for (size_t i = random.Below(12); i > 0; --i) {
    const pb::MetricFamily family = random.Make();
    test::AppendFamily(family, page);
    Expected(rules, expected).Add(family);
  }
  const ReadPage read = Read(page, rules, 1 + random.Below(page.size() + 1));
  CHECK(read.error.empty());
  CHECK(read.entries == expected);
}

TEST_CASE("a page gives the same, cut at whatever byte", "[protobuf]") {
  const auto seed = GENERATE(take(3, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  RandomFamilies random(seed);
  const HistogramRules rules = RandomRules(random);
  std::string page;
  for (size_t i = 0; i < 8; ++i) test::AppendFamily(random.Make(), page);
  const ReadPage whole = Read(page, rules);
  REQUIRE(whole.error.empty());
  for (size_t piece = 1; piece < page.size(); ++piece) {
    const ReadPage cut = Read(page, rules, piece);
    REQUIRE(cut.entries == whole.entries);
    REQUIRE(cut.keys == whole.keys);
  }
  // What a page that ends too early gives is how the whole one begins, and an error unless it ends
  // between two messages.
  for (size_t size = 0; size < page.size(); ++size) {
    const ReadPage part = Read(std::string_view(page).substr(0, size), rules, 7);
    REQUIRE(part.entries.size() <= whole.entries.size());
    REQUIRE(std::equal(part.entries.begin(), part.entries.end(), whole.entries.begin()));
  }
}

TEST_CASE("damaged pages end in an error or in entries, never in anything else", "[protobuf]") {
  const auto seed = GENERATE(take(50, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  RandomFamilies random(seed);
  const HistogramRules rules{.native = true, .always_classic = true, .to_custom_buckets = true};
  std::string page;
  for (size_t i = 0; i < 6; ++i) test::AppendFamily(random.Make(), page);
  for (int round = 0; round < 50; ++round) {
    std::string damaged = page;
    for (size_t i = 1 + random.Below(4); i > 0; --i) {
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    }
    const ReadPage whole = Read(damaged, rules);
    const ReadPage cut = Read(damaged, rules, 1 + random.Below(40));
    REQUIRE(whole.entries == cut.entries);
    REQUIRE(whole.error == cut.error);
  }
}

}  // namespace
}  // namespace sluice::scrape
