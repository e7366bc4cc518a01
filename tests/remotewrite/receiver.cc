#include "receiver.h"

#include <bit>
#include <set>

#include <catch2/catch.hpp>
#include <snappy.h>
#include <zstd.h>

#include "remote_write.pb.h"
#include "remote_write_v2.pb.h"

namespace sluice::remotewrite::test {

std::string ReceivedSeries::Text() const {
  std::string text;
  for (const auto& label : labels) text += label.first + "=" + label.second + ",";
  return text;
}

namespace {

std::string Unpack(const std::string& body) {
  std::string raw;
  if (IsZstd(body)) {
    raw.resize(ZSTD_getFrameContentSize(body.data(), body.size()));
    const size_t size = ZSTD_decompress(raw.data(), raw.size(), body.data(), body.size());
    if (size != raw.size()) FAIL("not a zstd frame");
    return raw;
  }
  // No assertion unless one fails: it may be another thread that asks.
  if (!snappy::Uncompress(body.data(), body.size(), &raw)) FAIL("not a snappy block");
  return raw;
}

// Sorted, complete, no repeats.
void AddLabel(ReceivedSeries& series, std::string& previous, const std::string& name,
              const std::string& value) {
  if (name <= previous || value.empty()) FAIL("labels are not in order");
  previous = name;
  series.labels[name] = value;
}

template <class Series>
void AddSamples(const Series& series, ReceivedSeries& received) {
  TimestampMs last = INT64_MIN;
  for (const auto& sample : series.samples()) {
    if (sample.timestamp() <= last) FAIL("samples of a series do not ascend");
    last = sample.timestamp();
    received.samples.push_back({last, std::bit_cast<uint64_t>(sample.value()), {}});
  }
  for (auto histogram : series.histograms()) {
    if (series.samples_size() > 0) FAIL("a series of floats and histograms");
    if (histogram.timestamp() <= last) FAIL("histograms of a series do not ascend");
    last = histogram.timestamp();
    histogram.clear_timestamp();
    if constexpr (requires { histogram.clear_start_timestamp(); })
      histogram.clear_start_timestamp();
    const std::string bytes = histogram.SerializeAsString();
    received.samples.push_back({last, std::hash<std::string>()(bytes), bytes});
  }
  if (received.samples.empty()) FAIL("a series without samples");
}

std::vector<ReceivedSeries> DecodeV1(const std::string& raw) {
  prometheus::WriteRequest request;
  if (!request.ParseFromString(raw)) FAIL("not a WriteRequest");
  std::vector<ReceivedSeries> all;
  for (const prometheus::TimeSeries& series : request.timeseries()) {
    ReceivedSeries received;
    std::string previous;
    for (const prometheus::Label& label : series.labels()) {
      AddLabel(received, previous, label.name(), label.value());
    }
    AddSamples(series, received);
    for (const prometheus::Exemplar& exemplar : series.exemplars()) {
      ReceivedExemplar& added = received.exemplars.emplace_back();
      for (const prometheus::Label& label : exemplar.labels()) {
        added.labels[label.name()] = label.value();
      }
      added.timestamp_ms = exemplar.timestamp();
      added.value = exemplar.value();
    }
    all.push_back(std::move(received));
  }
  return all;
}

namespace v2 = io::prometheus::write::v2;

// The texts that references stand for.
template <class Refs>
std::vector<std::string> Texts(const v2::Request& request, const Refs& refs) {
  std::vector<std::string> texts;
  if (refs.size() % 2 != 0) FAIL("an odd number of references");
  for (const uint32_t ref : refs) {
    if (ref >= static_cast<uint32_t>(request.symbols_size())) FAIL("a reference to nothing");
    texts.push_back(request.symbols(static_cast<int>(ref)));
  }
  return texts;
}

void CheckSymbols(const v2::Request& request) {
  if (request.symbols_size() == 0 || !request.symbols(0).empty()) FAIL("no empty first symbol");
  std::set<std::string> distinct(request.symbols().begin(), request.symbols().end());
  if (static_cast<int>(distinct.size()) != request.symbols_size()) FAIL("a symbol twice");
}

ReceivedSeries DecodeSeriesV2(const v2::Request& request, const v2::TimeSeries& series) {
  ReceivedSeries received;
  std::string previous;
  const std::vector<std::string> labels = Texts(request, series.labels_refs());
  for (size_t i = 0; i < labels.size(); i += 2) {
    AddLabel(received, previous, labels[i], labels[i + 1]);
  }
  AddSamples(series, received);
  for (size_t i = 0; i < received.samples.size(); ++i) {
    const int at = static_cast<int>(i);
    received.samples[i].start_ms = series.samples_size() > 0
                                       ? series.samples(at).start_timestamp()
                                       : series.histograms(at).start_timestamp();
  }
  for (const v2::Exemplar& exemplar : series.exemplars()) {
    ReceivedExemplar& added = received.exemplars.emplace_back();
    const std::vector<std::string> texts = Texts(request, exemplar.labels_refs());
    for (size_t i = 0; i < texts.size(); i += 2) added.labels[texts[i]] = texts[i + 1];
    if (exemplar.timestamp() == 0) FAIL("an exemplar without a time");
    added.timestamp_ms = exemplar.timestamp();
    added.value = exemplar.value();
  }
  received.type = series.metadata().type();
  received.help = request.symbols(static_cast<int>(series.metadata().help_ref()));
  received.unit = request.symbols(static_cast<int>(series.metadata().unit_ref()));
  return received;
}

std::vector<ReceivedSeries> DecodeV2(const std::string& raw) {
  v2::Request request;
  if (!request.ParseFromString(raw)) FAIL("not a Request");
  CheckSymbols(request);
  std::vector<ReceivedSeries> all;
  for (const v2::TimeSeries& series : request.timeseries()) {
    all.push_back(DecodeSeriesV2(request, series));
  }
  return all;
}

}  // namespace

bool IsZstd(const std::string& body) { return body.compare(0, 4, "\x28\xb5\x2f\xfd") == 0; }

bool IsV2(const std::string& body) {
  const std::string raw = Unpack(body);
  return !raw.empty() && raw[0] == 0x22;  // a symbol
}

std::vector<ReceivedSeries> DecodeRequest(const std::string& body) {
  const std::string raw = Unpack(body);
  return IsV2(body) ? DecodeV2(raw) : DecodeV1(raw);
}

void Receiver::Store(const std::string& body) {
  for (const ReceivedSeries& series : DecodeRequest(body)) {
    if (series.labels.at("__name__") == "sluice_destination_probe") {
      ++probes_;
      continue;
    }
    std::map<TimestampMs, uint64_t>& stored = series_[series.Text()];
    for (const ReceivedSample& sample : series.samples) {
      const auto found = stored.find(sample.timestamp_ms);
      if (found != stored.end()) {
        if (found->second != sample.bits) FAIL_CHECK("a duplicate with another value");
        ++duplicates_;
        continue;
      }
      if (!any_order && !stored.empty() && sample.timestamp_ms < stored.rbegin()->first) {
        FAIL_CHECK(series.Text() << " at " << sample.timestamp_ms << " after "
                                 << stored.rbegin()->first);
      }
      stored[sample.timestamp_ms] = sample.bits;
      ++distinct_;
    }
  }
}

std::set<std::string> LabelValues(const std::string& body, const std::string& label) {
  std::set<std::string> values;
  for (const ReceivedSeries& series : DecodeRequest(body)) {
    const auto found = series.labels.find(label);
    if (found != series.labels.end()) values.insert(found->second);
  }
  return values;
}

}  // namespace sluice::remotewrite::test
