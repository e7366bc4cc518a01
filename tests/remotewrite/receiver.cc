#include "receiver.h"

#include <bit>

#include <catch2/catch.hpp>
#include <snappy.h>

#include "remote_write.pb.h"

namespace sluice::remotewrite::test {

std::string ReceivedSeries::Text() const {
  std::string text;
  for (const auto& label : labels) text += label.first + "=" + label.second + ",";
  return text;
}

std::vector<ReceivedSeries> DecodeRequest(const std::string& body) {
  std::string raw;
  // No assertion unless one fails: it may be another thread that asks.
  if (!snappy::Uncompress(body.data(), body.size(), &raw)) FAIL("not a snappy block");
  prometheus::WriteRequest request;
  if (!request.ParseFromString(raw)) FAIL("not a WriteRequest");
  std::vector<ReceivedSeries> all;
  for (const prometheus::TimeSeries& series : request.timeseries()) {
    ReceivedSeries received;
    std::string previous;
    for (const prometheus::Label& label : series.labels()) {
      // Sorted, complete, no repeats.
      if (label.name() <= previous || label.value().empty()) FAIL("labels are not in order");
      previous = label.name();
      received.labels[label.name()] = label.value();
    }
    TimestampMs last = INT64_MIN;
    for (const prometheus::Sample& sample : series.samples()) {
      if (sample.timestamp() <= last) FAIL("samples of a series do not ascend");
      last = sample.timestamp();
      received.samples.push_back({sample.timestamp(), std::bit_cast<uint64_t>(sample.value()), {}});
    }
    for (prometheus::Histogram histogram : series.histograms()) {
      if (series.samples_size() > 0) FAIL("a series of floats and histograms");
      if (histogram.timestamp() <= last) FAIL("histograms of a series do not ascend");
      last = histogram.timestamp();
      histogram.clear_timestamp();
      const std::string bytes = histogram.SerializeAsString();
      received.samples.push_back({last, std::hash<std::string>()(bytes), bytes});
    }
    for (const prometheus::Exemplar& exemplar : series.exemplars()) {
      ReceivedExemplar& added = received.exemplars.emplace_back();
      for (const prometheus::Label& label : exemplar.labels()) {
        added.labels[label.name()] = label.value();
      }
      added.timestamp_ms = exemplar.timestamp();
      added.value = exemplar.value();
    }
    if (received.samples.empty()) FAIL("a series without samples");
    all.push_back(std::move(received));
  }
  return all;
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
