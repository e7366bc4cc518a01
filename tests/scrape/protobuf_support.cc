#include "protobuf_support.h"

#include <algorithm>
#include <memory>

#include <catch2/catch.hpp>
#include <google/protobuf/text_format.h>

#include "base/varint.h"
#include "scrape/message_stream.h"
#include "scrape/number.h"

namespace sluice::scrape::test {
namespace {

const char* TypeName(buffer::MetricType type) {
  switch (type) {
    case buffer::MetricType::kCounter:
      return "counter";
    case buffer::MetricType::kGauge:
      return "gauge";
    case buffer::MetricType::kHistogram:
      return "histogram";
    case buffer::MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case buffer::MetricType::kSummary:
      return "summary";
    default:
      return "unknown";
  }
}

std::string Labels(const std::vector<buffer::LabelView>& labels) {
  std::string text = "{";
  for (const buffer::LabelView& label : labels) {
    if (text.size() > 1) text += ',';
    text.append(label.name).append("=\"").append(label.value).append("\"");
  }
  return text + '}';
}

std::string Side(const proto::BucketSide& side) {
  std::string text;
  for (const proto::BucketSpan& span : side.spans) {
    text += '[' + std::to_string(span.offset) + ':' + std::to_string(span.length) + ']';
  }
  for (const int64_t delta : side.deltas) text += ' ' + std::to_string(delta);
  for (const double count : side.counts) text += ' ' + FormatOpenMetricsFloat(count);
  return text;
}

// False after an error.
bool ReadFamily(std::string_view message, ProtobufParser& parser, ReadPage& read) {
  if (Status status = parser.Start(message); !status.ok()) {
    read.error = status.error().message;
    return false;
  }
  while (true) {
    const Result<bool> next = parser.Next();
    if (!next.ok()) {
      read.error = next.error().message;
      return false;
    }
    if (!*next) return true;
    if (parser.entry().kind == EntryKind::kSample) {
      if (Status status = parser.ReadLabels(); !status.ok()) {
        read.error = status.error().message;
        return false;
      }
    }
    read.entries.push_back(Describe(parser.entry()));
    read.keys.emplace_back(parser.key());
  }
}

}  // namespace

pb::MetricFamily FamilyOf(const std::string& text) {
  pb::MetricFamily family;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(text, &family));
  return family;
}

void AppendMessage(std::string_view message, std::string& page) {
  PutVarint(page, message.size());
  page.append(message);
}

void AppendFamily(const pb::MetricFamily& family, std::string& page) {
  AppendMessage(family.SerializeAsString(), page);
}

std::string PageOf(const std::vector<std::string>& family_texts) {
  std::string page;
  for (const std::string& text : family_texts) AppendFamily(FamilyOf(text), page);
  return page;
}

ReadPage Read(std::string_view page, const HistogramRules& rules, size_t piece_bytes) {
  ReadPage read;
  MessageStream stream;
  ProtobufParser parser(rules);
  for (size_t at = 0; at < page.size();) {
    const std::string_view piece = page.substr(at, piece_bytes);
    at += piece.size();
    // Of exactly this size, so that reading past it shows under a sanitizer.
    const auto bytes = std::make_unique<char[]>(piece.size());
    std::copy(piece.begin(), piece.end(), bytes.get());
    stream.Feed({bytes.get(), piece.size()});
    while (true) {
      std::string_view message;
      const Result<bool> next = stream.Next(message);
      if (!next.ok()) {
        read.error = next.error().message;
        return read;
      }
      if (!*next) break;
      if (!ReadFamily(message, parser, read)) return read;
    }
  }
  if (Status status = stream.End(); !status.ok()) read.error = status.error().message;
  read.malformed_histograms = parser.malformed_histograms();
  return read;
}

std::string Describe(const proto::NativeHistogram& histogram) {
  std::string text = histogram.is_float ? "float" : "integer";
  if (histogram.reset_hint == proto::ResetHint::kGauge) text += " gauge";
  text += " schema=" + std::to_string(histogram.schema);
  text += " count=" + (histogram.is_float ? FormatOpenMetricsFloat(histogram.float_count)
                                          : std::to_string(histogram.count));
  text += " sum=" + FormatOpenMetricsFloat(histogram.sum);
  text += " zero=" + FormatOpenMetricsFloat(histogram.zero_threshold) + ':' +
          (histogram.is_float ? FormatOpenMetricsFloat(histogram.float_zero_count)
                              : std::to_string(histogram.zero_count));
  text += " negative=" + Side(histogram.negative) + " positive=" + Side(histogram.positive);
  if (!histogram.custom_values.empty()) text += " bounds=";
  for (const double bound : histogram.custom_values) text += FormatOpenMetricsFloat(bound) + ';';
  return text;
}

std::string Describe(const Entry& entry) {
  const std::string name(entry.name);
  if (entry.kind == EntryKind::kHelp) return "HELP " + name + ' ' + std::string(entry.help);
  if (entry.kind == EntryKind::kUnit) return "UNIT " + name + ' ' + std::string(entry.unit);
  if (entry.kind == EntryKind::kType) return "TYPE " + name + ' ' + TypeName(entry.type);
  std::string text = name + Labels(entry.labels) + ' ';
  text +=
      entry.histogram != nullptr ? Describe(*entry.histogram) : FormatOpenMetricsFloat(entry.value);
  if (entry.has_timestamp) text += " @" + std::to_string(entry.timestamp_ms);
  if (entry.start_timestamp_ms != 0) text += " since " + std::to_string(entry.start_timestamp_ms);
  for (const ExemplarView& exemplar : entry.exemplars) {
    text += " # " + Labels(exemplar.labels) + ' ' + FormatOpenMetricsFloat(exemplar.value);
    if (exemplar.has_timestamp) text += " @" + std::to_string(exemplar.timestamp_ms);
  }
  return text;
}

}  // namespace sluice::scrape::test
