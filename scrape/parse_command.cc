#include "scrape/parse_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "relabel/labels.h"
#include "scrape/entry_scanner.h"
#include "scrape/series.h"
#include "scrape/text_parser.h"

namespace sluice::scrape {
namespace {

std::string_view TypeName(buffer::MetricType type) {
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
    case buffer::MetricType::kInfo:
      return "info";
    case buffer::MetricType::kStateset:
      return "stateset";
    case buffer::MetricType::kUnknown:
      return "unknown";
  }
  return "unknown";
}

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
      out_ << "type " << entry.name << " " << TypeName(entry.type) << "\n";
    } else if (entry.kind == EntryKind::kSample) {
      return PrintSample(entry);
    }
    return Status::Ok();
  }

 private:
  Status PrintSample(const Entry& entry) {
    const Result<SeriesFate> fate = maker_.Make(entry, type_, content_);
    if (!fate.ok()) return fate.error();
    relabel::LabelsBuilder labels;
    for (const buffer::LabelView& label : content_.set) labels.Set(label.name, label.value);
    out_ << "sample " << labels.Build().ToString() << " " << ValueText(entry.value);
    if (entry.has_timestamp) out_ << " @" << entry.timestamp_ms;
    out_ << "\n";
    return Status::Ok();
  }

  std::ostream& out_;
  const SeriesRules rules_;
  SeriesMaker maker_{rules_};
  SeriesContent content_;
  buffer::MetricType type_ = buffer::MetricType::kUnknown;
};

}  // namespace

Status PrintExposition(std::string_view text, std::ostream& out) {
  Printer printer(out);
  TextParser parser;
  Entry entry;
  uint64_t line = 1;
  while (!text.empty()) {
    EntryScanner scanner;
    const size_t size = std::min(scanner.FindEnd(text), text.size());
    const std::string_view bytes = text.substr(0, size);
    Status status = parser.Parse(bytes, entry);
    if (status.ok()) status = printer.Print(entry);
    if (!status.ok()) return status.error().WithContext("line " + std::to_string(line));
    if (entry.kind == EntryKind::kEnd) break;
    line += 1 + static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return Status::Ok();
}

}  // namespace sluice::scrape
