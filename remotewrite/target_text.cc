#include "remotewrite/target_text.h"

#include "base/hash.h"
#include "base/varint.h"
#include "proto/write_request.h"
#include "relabel/labels.h"

namespace sluice::remotewrite {

TargetText::TargetText(std::span<const buffer::LabelView> labels) {
  offsets_.reserve(labels.size() + 1);
  for (const buffer::LabelView& label : labels) {
    proto::AppendLabel(bytes_, label.name, label.value);
    offsets_.push_back(bytes_.size());
    is_plain_ = is_plain_ && !label.name.empty() && !label.value.empty() &&
                relabel::IsValidUtf8(label.name) && relabel::IsValidUtf8(label.value);
  }
  bytes_.append(kTextStep, '\0');
  bytes_.shrink_to_fit();
}

uint64_t TargetText::ShapeHash() const {
  // The bytes of numbers.
  const auto* const bytes = reinterpret_cast<const char*>(offsets_.data());
  return XxHash64({bytes, offsets_.size() * sizeof(offsets_.front())});
}

// Of a label as AppendLabel writes it: after its tag and size, and the name's tag.
std::string_view TargetText::NameOf(size_t label) const {
  ByteReader reader(Label(label));
  reader.Byte();
  reader.Varint();
  reader.Byte();
  return reader.String();
}

bool TargetText::HasNamesOf(const TargetText& other) const {
  if (label_count() != other.label_count()) return false;
  for (size_t i = 0; i < label_count(); ++i) {
    if (NameOf(i) != other.NameOf(i)) return false;
  }
  return true;
}

size_t TargetText::memory_bytes() const {
  return sizeof(*this) + bytes_.capacity() + offsets_.capacity() * sizeof(size_t);
}

}  // namespace sluice::remotewrite
