// Which metric family a line belongs to, as far as its page says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "buffer/chunk.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// The rest of a longer text is cut off.
inline constexpr size_t kHelpBytesMax = 8 << 10;
inline constexpr size_t kUnitBytesMax = 1 << 10;

struct Family {
  std::string name;
  buffer::MetricType type = buffer::MetricType::kUnknown;
  std::string help;
  std::string unit;

  buffer::FamilyView View() const {
    return {.name = name, .type = type, .help = help, .unit = unit};
  }
};

// Names a family by its whole content; 0 = no metadata.
using FamilyId = uint32_t;
inline constexpr FamilyId kNoFamily = 0;

// Follows the metadata lines of a page. A series takes the metadata of the lines that precede it
// when its name fits their family; that is also what Prometheus attaches to samples.
// Thread-compatible.
class FamilyContext {
 public:
  // kType, kHelp and kUnit entries. A line about another name starts a new family.
  void OnMetadata(const Entry& entry);

  // The family of a series that was exposed under this name, here.
  FamilyId FamilyOf(std::string_view metric_name);

  // Whether FamilyOf gives `family` for whatever name, without looking at the name.
  bool IsCurrent(FamilyId family) const { return family != kNoFamily && family == current_id_; }

  // What the last TYPE line stated, whatever its name.
  buffer::MetricType last_type() const { return last_type_; }

  // Every family that FamilyOf returned or could have returned in this page.
  const std::unordered_map<FamilyId, Family>& families() const { return families_; }

 private:
  void Settle();

  Family current_;
  FamilyId current_id_ = kNoFamily;  // valid once settled
  bool settled_ = true;
  buffer::MetricType last_type_ = buffer::MetricType::kUnknown;
  std::unordered_map<FamilyId, Family> families_;
};

}  // namespace sluice::scrape
