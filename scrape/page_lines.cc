#include "scrape/page_lines.h"

#include <cstring>

#include "base/varint.h"
#include "scrape/metric_message.h"
#include "scrape/number.h"
#include "scrape/text_dialect.h"

namespace sluice::scrape {
namespace {

// See ProtobufParser: the labels as fields of a message, a NUL, and what kind of series it is.
size_t LabelsSize(std::string_view key) {
  ByteReader reader(key);
  size_t size = 0;
  while (reader.ok() && !reader.empty() && reader.rest().front() != '\0') {
    reader.Varint();
    reader.String();
    size = key.size() - reader.rest().size();
  }
  return reader.ok() && !reader.empty() ? size : std::string_view::npos;
}

const char* BoundLabelOf(char kind) {
  if (kind == 'b') return "le";
  return kind == 'q' ? "quantile" : nullptr;
}

}  // namespace

bool PageLines::Next() {
  while (next_ < page_.text->size()) {
    line_ = next_++;
    const std::string_view key = keys_.At(line_);
    const bool is_metadata = mark().is_metadata();
    if (page_.format == PageFormat::kProtobuf) {
      // Spellings do not depend on types there.
      if (is_metadata) continue;
      readable_ = ReadMessageKey(key);
      return true;
    }
    readable_ = ReadText(key, is_metadata);
    if (!is_metadata) return true;
    if (readable_ && entry_.kind == EntryKind::kType) type_ = entry_.type;
  }
  return false;
}

bool PageLines::ReadText(std::string_view key, bool is_metadata) {
  if (key.empty() || key.front() == '\0') return false;
  whole_.assign(key).append(is_metadata ? "\n" : "0\n");
  entry_.Clear();
  const Status status = page_.format == PageFormat::kOpenMetrics
                            ? OpenMetricsText::Parse(openmetrics_parser_, whole_, entry_)
                            : PrometheusText::Parse(text_parser_, whole_, entry_);
  return status.ok() && (is_metadata || entry_.kind == EntryKind::kSample);
}

bool PageLines::ReadMessageKey(std::string_view key) {
  if (KeyDigest::IsDigest(key)) return false;
  const size_t labels_size = LabelsSize(key);
  if (labels_size == std::string_view::npos || key.size() < labels_size + 2) return false;
  whole_.assign(key);
  const std::string_view whole = whole_;
  const char kind = whole[labels_size + 1];
  std::string_view name = whole.substr(labels_size + 2);
  entry_.Clear();
  entry_.kind = EntryKind::kSample;
  if (!DecodeLabels(whole.substr(0, labels_size), entry_.labels).ok()) return false;
  if (const char* const label = BoundLabelOf(kind)) {
    double bound = 0;
    if (name.size() < sizeof(bound)) return false;
    std::memcpy(&bound, name.data() + name.size() - sizeof(bound), sizeof(bound));
    name.remove_suffix(sizeof(bound));
    bound_ = FormatOpenMetricsFloat(bound);
    entry_.labels.push_back({label, bound_});
  }
  entry_.name = name;
  return !name.empty();
}

}  // namespace sluice::scrape
