// The same random families, as text, as OpenMetrics and as protobuf, must come to the same series,
// samples and exemplars, scrape after scrape, also where the format changes between them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_target.h"
#include "protobuf_support.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

using test::PageTarget;
namespace pb = test::pb;

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string Number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::ostringstream text;
  text.precision(17);
  text << value;
  return text.str();
}

std::string Escaped(const std::string& text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Braces(const Labels& labels, const Labels& more = {}) {
  std::string text;
  for (const auto* list : {&labels, &more}) {
    for (const auto& [name, value] : *list) {
      text += (text.empty() ? "" : ",") + name + "=\"" + Escaped(value, true) + '"';
    }
  }
  return '{' + text + '}';
}

// Times that are exact as seconds, too.
std::string Seconds(TimestampMs ms) {
  return std::to_string(ms / 1000) + '.' + std::to_string(ms % 1000 / 250 * 25);
}

Labels LabelsOf(const google::protobuf::RepeatedPtrField<pb::LabelPair>& pairs) {
  Labels labels;
  for (const pb::LabelPair& pair : pairs) labels.emplace_back(pair.name(), pair.value());
  return labels;
}

// The text of a family, in the order in which the protobuf parser gives its series.
class Text {
 public:
  explicit Text(PageFormat format) : is_open_metrics_(format == PageFormat::kOpenMetrics) {}

  std::string Of(const std::vector<pb::MetricFamily>& families) {
    text_.clear();
    for (const pb::MetricFamily& family : families) Add(family);
    if (is_open_metrics_) text_ += "# EOF\n";
    return text_;
  }

 private:
  void Add(const pb::MetricFamily& family) {
    const char* const kTypes[] = {"counter", "gauge", "summary",
                                  is_open_metrics_ ? "unknown" : "untyped", "histogram"};
    const std::string& name = family.name();
    text_ += "# HELP " + name + ' ' + Escaped(family.help(), is_open_metrics_) + '\n';
    text_ += "# TYPE " + name + ' ' + kTypes[family.type()] + '\n';
    for (const pb::Metric& metric : family.metric()) Add(family, metric);
  }

  void Add(const pb::MetricFamily& family, const pb::Metric& metric) {
    const std::string& name = family.name();
    metric_ = &metric;
    switch (family.type()) {
      case pb::COUNTER:
        AddSeries(name, {}, metric.counter().value(),
                  metric.counter().has_exemplar() ? &metric.counter().exemplar() : nullptr);
        break;
      case pb::GAUGE:
        AddSeries(name, {}, metric.gauge().value());
        break;
      case pb::UNTYPED:
        AddSeries(name, {}, metric.untyped().value());
        break;
      case pb::SUMMARY:
        AddTotals(name, metric.summary());
        for (const pb::Quantile& quantile : metric.summary().quantile()) {
          AddSeries(name, {{"quantile", Number(quantile.quantile())}}, quantile.value());
        }
        break;
      default:
        AddTotals(name, metric.histogram());
        AddBuckets(name, metric.histogram());
        break;
    }
  }

  template <class Message>
  void AddTotals(const std::string& name, const Message& message) {
    AddSeries(name + "_count", {}, static_cast<double>(message.sample_count()));
    AddSeries(name + "_sum", {}, message.sample_sum());
  }

  void AddBuckets(const std::string& name, const pb::Histogram& histogram) {
    for (const pb::Bucket& bucket : histogram.bucket()) {
      AddSeries(name + "_bucket", {{"le", Number(bucket.upper_bound())}},
                static_cast<double>(bucket.cumulative_count()),
                bucket.has_exemplar() ? &bucket.exemplar() : nullptr);
    }
    AddSeries(name + "_bucket", {{"le", "+Inf"}}, static_cast<double>(histogram.sample_count()));
  }

  void AddSeries(const std::string& name, const Labels& more, double value,
                 const pb::Exemplar* exemplar = nullptr) {
    text_ += name + Braces(LabelsOf(metric_->label()), more) + ' ' + Number(value);
    if (const TimestampMs ms = metric_->timestamp_ms(); ms != 0) {
      text_ += ' ' + (is_open_metrics_ ? Seconds(ms) : std::to_string(ms));
    }
    if (exemplar != nullptr && is_open_metrics_) {
      text_ += " # " + Braces(LabelsOf(exemplar->label())) + ' ' + Number(exemplar->value());
      if (exemplar->has_timestamp()) {
        const google::protobuf::Timestamp& timestamp = exemplar->timestamp();
        text_ += ' ' + Seconds(timestamp.seconds() * 1000 + timestamp.nanos() / 1'000'000);
      }
    }
    text_ += '\n';
  }

  const bool is_open_metrics_;
  const pb::Metric* metric_ = nullptr;
  std::string text_;
};

class RandomPage {
 public:
  explicit RandomPage(uint32_t seed) : rng_(seed) {}

  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(rng_); }

  // The families of the next scrape, at this time.
  const std::vector<pb::MetricFamily>& Next(TimestampMs now_ms) {
    now_ms_ = now_ms;
    if (!families_.empty() && Below(4) == 0) families_.erase(families_.begin() + Pick());
    for (size_t i = Below(4); i > 0; --i) families_.insert(families_.begin() + Pick(), Family());
    if (families_.size() > 1 && Below(4) == 0) std::swap(families_.front(), families_.back());
    for (pb::MetricFamily& family : families_) {
      for (pb::Metric& metric : *family.mutable_metric()) SetValues(family.type(), metric);
    }
    return families_;
  }

 private:
  std::ptrdiff_t Pick() { return static_cast<std::ptrdiff_t>(Below(families_.size() + 1) / 2); }

  double Value() {
    constexpr double kValues[] = {0, 1, 2.5, -3, 1e6, 1e-9, 123456789, 1e300};
    if (Below(20) == 0) return std::numeric_limits<double>::infinity();
    return kValues[Below(std::size(kValues))];
  }

  pb::MetricFamily Family() {
    pb::MetricFamily family;
    family.set_name("m" + std::to_string(Below(8)));
    constexpr const char* kHelps[] = {"", "Some help.", "back\\slash", "new\nline \"quoted\""};
    family.set_help(kHelps[Below(std::size(kHelps))]);
    family.set_type(static_cast<pb::MetricType>(Below(5)));
    for (size_t i = 1 + Below(4); i > 0; --i) {
      pb::Metric& metric = *family.add_metric();
      for (size_t j = Below(3); j > 0; --j) {
        constexpr const char* kLabelValues[] = {"", "v", "a\\b", "x\ny", "\"q\"", "\xc3\xa9}{"};
        pb::LabelPair& label = *metric.add_label();
        label.set_name("l" + std::to_string(j));
        label.set_value(kLabelValues[Below(std::size(kLabelValues))]);
      }
    }
    return family;
  }

  void SetValues(pb::MetricType type, pb::Metric& metric) {
    metric.clear_timestamp_ms();
    if (Below(12) == 0) metric.set_timestamp_ms(Time());
    switch (type) {
      case pb::COUNTER:
        metric.mutable_counter()->set_value(Value());
        Set(*metric.mutable_counter());
        break;
      case pb::GAUGE:
        metric.mutable_gauge()->set_value(Value());
        break;
      case pb::UNTYPED:
        metric.mutable_untyped()->set_value(Value());
        break;
      case pb::SUMMARY:
        Set(*metric.mutable_summary());
        break;
      default:
        Set(*metric.mutable_histogram());
        break;
    }
  }

  void Set(pb::Summary& summary) {
    summary.set_sample_count(Below(1000));
    summary.set_sample_sum(Value());
    while (summary.quantile_size() < 2) {
      summary.add_quantile()->set_quantile(summary.quantile_size() == 1 ? 0.5 : 1);
    }
    for (pb::Quantile& quantile : *summary.mutable_quantile()) quantile.set_value(Value());
  }

  void Set(pb::Histogram& histogram) {
    histogram.set_sample_count(Below(1000));
    histogram.set_sample_sum(Value());
    while (histogram.bucket_size() < 3) {
      constexpr double kBounds[] = {0.25, 1, 1e9};
      histogram.add_bucket()->set_upper_bound(kBounds[histogram.bucket_size() - 1]);
    }
    for (pb::Bucket& bucket : *histogram.mutable_bucket()) {
      bucket.set_cumulative_count(Below(1000));
      Set(bucket);
    }
  }

  template <class Message>
  void Set(Message& message) {
    if (Below(2) == 0) return;
    message.clear_exemplar();
    if (Below(3) == 0) return;
    pb::Exemplar& exemplar = *message.mutable_exemplar();
    exemplar.set_value(Value());
    if (Below(2) == 0) {
      const TimestampMs ms = Time();
      exemplar.mutable_timestamp()->set_seconds(ms / 1000);
      exemplar.mutable_timestamp()->set_nanos(static_cast<int32_t>(ms % 1000) * 1'000'000);
    }
    pb::LabelPair& label = *exemplar.add_label();
    label.set_name("id");
    label.set_value(std::string(Below(10) == 0 ? 200 : Below(20), 'x'));
  }

  TimestampMs Time() { return now_ms_ - static_cast<TimestampMs>(Below(160)) * 250; }

  std::mt19937 rng_;
  TimestampMs now_ms_ = 0;
  std::vector<pb::MetricFamily> families_;
};

std::string BodyOf(PageFormat format, const std::vector<pb::MetricFamily>& families) {
  if (format != PageFormat::kProtobuf) return Text(format).Of(families);
  std::string body;
  for (const pb::MetricFamily& family : families) test::AppendFamily(family, body);
  return body;
}

// What was counted, of which text knows no exemplars.
std::string Counted(const SampleCounts& counts) {
  std::string text;
  for (const uint64_t count : {counts.scraped, counts.post_relabel, counts.series_added,
                               counts.duplicate, counts.out_of_order, counts.out_of_bounds}) {
    text += std::to_string(count) + ' ';
  }
  return text;
}

std::vector<std::string> FamiliesOf(const Page& page) {
  std::vector<std::string> lines;
  for (const auto& [series, family] : test::SeriesOf(*page.layout(), {})) {
    lines.push_back(series + ' ' + family);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST_CASE("the same families are the same series in every format", "[formats]") {
  constexpr PageFormat kFormats[] = {PageFormat::kPrometheusText, PageFormat::kOpenMetrics,
                                     PageFormat::kProtobuf};
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    RandomPage random(seed);
    PageTarget text{SeriesRules()};
    PageTarget open_metrics{SeriesRules()};
    PageTarget protobuf{SeriesRules()};
    PageTarget changing{SeriesRules()};
    for (int scrape = 0; scrape < 12; ++scrape) {
      CAPTURE(scrape);
      const auto& families = random.Next(text.next_ms());
      const auto lines = text.Scrape(kFormats[0], BodyOf(kFormats[0], families));
      REQUIRE(text.error().empty());
      const size_t piece = 1 + random.Below(300);
      CHECK(open_metrics.Scrape(kFormats[1], BodyOf(kFormats[1], families), piece) == lines);
      CHECK(protobuf.Scrape(kFormats[2], BodyOf(kFormats[2], families), piece) == lines);
      const PageFormat format = kFormats[random.Below(3)];
      CHECK(changing.Scrape(format, BodyOf(format, families)) == lines);
      CHECK(open_metrics.exemplars() == protobuf.exemplars());
      for (const PageTarget* other : {&open_metrics, &protobuf, &changing}) {
        REQUIRE(other->error().empty());
        CHECK(Counted(other->counts()) == Counted(text.counts()));
        CHECK(FamiliesOf(other->page()) == FamiliesOf(text.page()));
      }
    }
  }
}

}  // namespace
}  // namespace sluice::scrape
