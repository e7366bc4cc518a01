#include "buffer/chunk_content.h"

namespace sluice::buffer {

void AppendFamily(const FamilyView& family, std::string& content) {
  PutVarint(content, kFamilyTag);
  PutString(content, family.name);
  content.push_back(static_cast<char>(family.type));
  PutString(content, family.help);
  PutString(content, family.unit);
}

bool ReadFamily(ByteReader& reader, FamilyView& family) {
  family.name = reader.String();
  const uint8_t type = reader.Byte();
  family.help = reader.String();
  family.unit = reader.String();
  if (!reader.ok() || type > static_cast<uint8_t>(MetricType::kStateset)) return false;
  family.type = static_cast<MetricType>(type);
  return true;
}

void AppendSeries(std::span<const LabelView> set, std::span<const std::string_view> unset,
                  std::string& out) {
  PutVarint(out, set.size() + 1);
  for (const LabelView& label : set) {
    PutString(out, label.name);
    PutString(out, label.value);
  }
  PutVarint(out, unset.size());
  for (const std::string_view name : unset) PutString(out, name);
}

}  // namespace sluice::buffer
