#include "scrape/family.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/hash.h"
#include "base/varint.h"

namespace sluice::scrape {
namespace {

using buffer::MetricType;

std::span<const std::string_view> SuffixesOf(MetricType type) {
  static constexpr std::array<std::string_view, 1> kCounter = {"_total"};
  static constexpr std::array<std::string_view, 3> kHistogram = {"_bucket", "_sum", "_count"};
  static constexpr std::array<std::string_view, 3> kGaugeHistogram = {"_bucket", "_gsum",
                                                                      "_gcount"};
  static constexpr std::array<std::string_view, 2> kSummary = {"_sum", "_count"};
  static constexpr std::array<std::string_view, 1> kInfo = {"_info"};
  switch (type) {
    case MetricType::kCounter:
      return kCounter;
    case MetricType::kHistogram:
      return kHistogram;
    case MetricType::kGaugeHistogram:
      return kGaugeHistogram;
    case MetricType::kSummary:
      return kSummary;
    case MetricType::kInfo:
      return kInfo;
    case MetricType::kUnknown:
    case MetricType::kGauge:
    case MetricType::kStateset:
      return {};
  }
  return {};
}

bool Fits(std::string_view metric_name, const Family& family) {
  if (!metric_name.starts_with(family.name)) return false;
  const std::string_view suffix = metric_name.substr(family.name.size());
  if (suffix.empty()) return true;
  const auto suffixes = SuffixesOf(family.type);
  return std::find(suffixes.begin(), suffixes.end(), suffix) != suffixes.end();
}

// Without cutting a character apart.
std::string_view Shortened(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

FamilyId IdOf(const Family& family) {
  std::string content;
  PutString(content, family.name);
  content.push_back(static_cast<char>(family.type));
  PutString(content, family.help);
  if (!family.unit.empty()) PutString(content, family.unit);
  const auto id = static_cast<FamilyId>(Xxh3(content));
  return id == kNoFamily ? 1 : id;
}

}  // namespace

void FamilyContext::OnMetadata(const Entry& entry) {
  if (entry.name != current_.name) {
    current_ = {};
    current_.name = entry.name;
  }
  switch (entry.kind) {
    case EntryKind::kType:
      current_.type = entry.type;
      last_type_ = entry.type;
      break;
    case EntryKind::kHelp:
      current_.help = Shortened(entry.help, kHelpBytesMax);
      break;
    case EntryKind::kUnit:
      current_.unit = Shortened(entry.unit, kUnitBytesMax);
      break;
    case EntryKind::kNothing:
    case EntryKind::kEnd:
    case EntryKind::kSample:
      break;
  }
  settled_ = false;
  current_id_ = kNoFamily;
}

FamilyId FamilyContext::FamilyOf(std::string_view metric_name) {
  if (current_.name.empty() || !Fits(metric_name, current_)) return kNoFamily;
  Settle();
  return current_id_;
}

void FamilyContext::Settle() {
  if (settled_) return;
  settled_ = true;
  current_id_ = IdOf(current_);
  families_.emplace(current_id_, current_);
}

}  // namespace sluice::scrape
