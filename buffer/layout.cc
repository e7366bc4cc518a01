#include "buffer/layout.h"

#include <utility>

#include "base/varint.h"

namespace sluice::buffer {
namespace {

// On disk: do not renumber.
constexpr char kTargetVersion = 1;

void PutFixed64(std::string& out, uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

}  // namespace

std::shared_ptr<const Layout> Layout::Of(std::vector<std::shared_ptr<const Chunk>> chunks) {
  auto layout = std::make_shared<Layout>();
  std::string ids;
  ids.reserve(chunks.size() * 16);
  for (const auto& chunk : chunks) {
    PutFixed64(ids, chunk->id.high);
    PutFixed64(ids, chunk->id.low);
    layout->series_count += chunk->series_count;
  }
  layout->id = ContentIdOf(ids);
  layout->chunks = std::move(chunks);
  return layout;
}

std::shared_ptr<const TargetLabels> TargetLabels::Of(std::span<const LabelView> labels) {
  auto target = std::make_shared<TargetLabels>();
  target->stored.push_back(kTargetVersion);
  PutVarint(target->stored, labels.size());
  for (const LabelView& label : labels) {
    PutString(target->stored, label.name);
    PutString(target->stored, label.value);
  }
  target->id = ContentIdOf(target->stored);
  return target;
}

Result<std::vector<LabelView>> TargetLabels::Decode(std::string_view stored) {
  ByteReader reader(stored);
  if (reader.Byte() != static_cast<uint8_t>(kTargetVersion)) {
    return Corruption("target labels: unknown version");
  }
  const uint64_t count = reader.Varint();
  if (count > reader.rest().size() / 2) return Corruption("target labels: malformed");
  std::vector<LabelView> labels;
  labels.reserve(count);
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view name = reader.String();
    labels.push_back(LabelView{.name = name, .value = reader.String()});
  }
  if (!reader.ok() || !reader.empty()) return Corruption("target labels: malformed");
  return labels;
}

}  // namespace sluice::buffer
