#include "scrape/parse_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "proto/histogram_text.h"
#include "relabel/labels.h"
#include "scrape/message_stream.h"
#include "scrape/metric_type_name.h"
#include "scrape/protobuf_parser.h"
#include "scrape/series.h"
#include "scrape/text_dialect.h"

namespace sluice::scrape {
namespace {

std::string ValueText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), end.ptr);
}

class Printer {
 public:
  explicit Printer(std::ostream& out) : out_(out) {}

  Status Print(const Entry& entry) {
    if (entry.kind == EntryKind::kHelp) {
      out_ << "help " << entry.name << " " << entry.help << "\n";
    } else if (entry.kind == EntryKind::kType) {
      type_ = entry.type;
      out_ << "type " << entry.name << " " << MetricTypeName(entry.type) << "\n";
    } else if (entry.kind == EntryKind::kUnit) {
      out_ << "unit " << entry.name << " " << entry.unit << "\n";
    } else if (entry.kind == EntryKind::kSample) {
      return PrintSample(entry);
    }
    return Status::Ok();
  }

 private:
  Status PrintSample(const Entry& entry) {
    const Result<SeriesFate> fate = maker_.Make(entry, type_, content_);
    if (!fate.ok()) return fate.error();
    out_ << "sample " << TextOf(content_.set) << " "
         << (entry.histogram == nullptr ? ValueText(entry.value)
                                        : proto::HistogramText(*entry.histogram));
    if (entry.has_timestamp) out_ << " @" << entry.timestamp_ms;
    out_ << "\n";
    for (const ExemplarView& exemplar : entry.exemplars) {
      out_ << "  exemplar " << TextOf(exemplar.labels) << " " << ValueText(exemplar.value);
      if (exemplar.has_timestamp) out_ << " @" << exemplar.timestamp_ms;
      out_ << "\n";
    }
    return Status::Ok();
  }

  static std::string TextOf(const std::vector<buffer::LabelView>& views) {
    relabel::LabelsBuilder labels;
    for (const buffer::LabelView& label : views) labels.Set(label.name, label.value);
    return labels.Build().ToString();
  }

  std::ostream& out_;
  const SeriesRules rules_;
  SeriesMaker maker_{rules_};
  SeriesContent content_;
  buffer::MetricType type_ = buffer::MetricType::kUnknown;
};

template <class Dialect>
Status PrintText(std::string_view text, Printer& printer) {
  typename Dialect::Parser parser;
  Entry entry;
  uint64_t line = 1;
  while (!text.empty() && entry.kind != EntryKind::kEnd) {
    typename Dialect::Scanner scanner;
    const size_t end = scanner.FindEnd(text);
    const std::string_view whole = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(whole.size());
    Status status = Dialect::Parse(parser, whole, entry);
    if (status.ok()) status = printer.Print(entry);
    if (!status.ok()) return status.error().WithContext("line " + std::to_string(line));
    line += static_cast<uint64_t>(std::count(whole.begin(), whole.end(), '\n'));
  }
  if (!Dialect::kIsMarked || (text.empty() && entry.kind == EntryKind::kEnd)) return Status::Ok();
  const Error error = text.empty() ? NoEndMark() : DataBehindEnd();
  return error.WithContext("line " + std::to_string(line));
}

Status PrintFamily(std::string_view message, ProtobufParser& parser, Printer& printer) {
  Status status = parser.Start(message);
  while (status.ok()) {
    const Result<bool> next = parser.Next();
    if (!next.ok()) return next.error();
    if (!*next) break;
    if (parser.entry().kind == EntryKind::kSample) status = parser.ReadLabels();
    if (status.ok()) status = printer.Print(parser.entry());
  }
  return status;
}

// All that is there: native histograms and their classic series.
Status PrintProtobuf(std::string_view body, Printer& printer) {
  MessageStream stream;
  ProtobufParser parser({.native = true, .always_classic = true});
  stream.Feed(body);
  for (uint64_t number = 1;; ++number) {
    std::string_view message;
    const Result<bool> next = stream.Next(message);
    Status status = next.ok() ? Status::Ok() : Status(next.error());
    if (status.ok()) status = *next ? PrintFamily(message, parser, printer) : stream.End();
    if (!status.ok()) return status.error().WithContext("message " + std::to_string(number));
    if (!*next) return Status::Ok();
  }
}

}  // namespace

Status PrintExposition(std::string_view text, PageFormat format, std::ostream& out) {
  Printer printer(out);
  switch (format) {
    case PageFormat::kPrometheusText:
      return PrintText<PrometheusText>(text, printer);
    case PageFormat::kOpenMetrics:
      return PrintText<OpenMetricsText>(text, printer);
    case PageFormat::kProtobuf:
      return PrintProtobuf(text, printer);
  }
  return Status::Ok();
}

}  // namespace sluice::scrape
