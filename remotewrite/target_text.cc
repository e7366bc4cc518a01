#include "remotewrite/target_text.h"

#include "base/hash.h"
#include "proto/write_request.h"

namespace sluice::remotewrite {

TargetText::TargetText(std::span<const buffer::LabelView> labels) {
  offsets_.reserve(labels.size() + 1);
  for (const buffer::LabelView& label : labels) {
    proto::AppendLabel(bytes_, label.name, label.value);
    offsets_.push_back(bytes_.size());
  }
  bytes_.append(kTextStep, '\0');
  bytes_.shrink_to_fit();
}

uint64_t TargetText::ShapeHash() const {
  // The bytes of numbers.
  const auto* const bytes = reinterpret_cast<const char*>(offsets_.data());
  return XxHash64({bytes, offsets_.size() * sizeof(offsets_.front())});
}

size_t TargetText::memory_bytes() const {
  return sizeof(*this) + bytes_.capacity() + offsets_.capacity() * sizeof(size_t);
}

}  // namespace sluice::remotewrite
