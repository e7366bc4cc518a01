#include "remotewrite/projection_model.h"

#include "base/varint.h"
#include "proto/write_request.h"

namespace sluice::remotewrite {

namespace {

constexpr size_t kTargetLabelsMax = UINT16_MAX;

// Takes the first label off `text`, which AppendLabel wrote.
std::string_view TakeLabel(std::string_view& text) {
  ByteReader reader(text);
  reader.Byte();
  reader.String();
  const std::string_view label = text.substr(0, text.size() - reader.rest().size());
  text = reader.rest();
  return label;
}

// Both are in the order of names, so that what was found is not looked at again. label_count() when
// the target has no such label.
size_t FindLabel(const TargetText& target, size_t from, std::string_view label) {
  while (from < target.label_count() && target.Labels(from, from + 1) != label) ++from;
  return from;
}

}  // namespace

TargetText::TargetText(std::span<const buffer::LabelView> labels) {
  offsets_.reserve(labels.size() + 1);
  for (const buffer::LabelView& label : labels) {
    proto::AppendLabel(bytes_, label.name, label.value);
    offsets_.push_back(bytes_.size());
  }
  bytes_.shrink_to_fit();
}

size_t TargetText::memory_bytes() const {
  return sizeof(*this) + bytes_.capacity() + offsets_.capacity() * sizeof(size_t);
}

std::shared_ptr<const ProjectionModel> ProjectionModel::Make(const SeriesTexts& texts,
                                                             const TargetText& target) {
  if (target.label_count() > kTargetLabelsMax) return nullptr;
  // Not make_shared: the constructor is private.
  const std::shared_ptr<ProjectionModel> model(new ProjectionModel);
  model->label_count_ = target.label_count();
  model->ends_.reserve(texts.count());
  for (size_t i = 0; i < texts.count(); ++i) model->AddSeries(texts.At(i), target);
  model->bytes_.shrink_to_fit();
  model->gaps_.shrink_to_fit();
  return model;
}

void ProjectionModel::AddSeries(std::string_view text, const TargetText& target) {
  size_t next = 0;  // label of the target
  while (!text.empty()) {
    const std::string_view label = TakeLabel(text);
    const size_t found = FindLabel(target, next, label);
    if (found == target.label_count()) {
      bytes_.append(label);
      continue;
    }
    AddGap(found);
    next = found + 1;
  }
  ends_.push_back(
      {.text = static_cast<uint32_t>(bytes_.size()), .gap = static_cast<uint32_t>(gaps_.size())});
}

void ProjectionModel::AddGap(size_t label) {
  const auto at = static_cast<uint32_t>(bytes_.size());
  const auto begin = static_cast<uint16_t>(label);
  const auto end = static_cast<uint16_t>(label + 1);
  const bool is_first = gaps_.size() == (ends_.empty() ? 0 : ends_.back().gap);
  if (!is_first && gaps_.back().at == at && gaps_.back().end == begin) {
    gaps_.back().end = end;
  } else {
    gaps_.push_back({at, begin, end});
  }
}

bool ProjectionModel::Gives(const SeriesTexts& texts, const TargetText& target) const {
  if (texts.count() != ends_.size() || target.label_count() != label_count_) return false;
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < texts.count(); ++i) {
    std::string_view rest = texts.At(i);
    PiecesOf(i, target, pieces);
    for (const std::string_view piece : pieces) {
      if (!rest.starts_with(piece)) return false;
      rest.remove_prefix(piece.size());
    }
    if (!rest.empty()) return false;
  }
  return true;
}

void ProjectionModel::PiecesOf(size_t series, const TargetText& target,
                               std::vector<std::string_view>& pieces) const {
  pieces.clear();
  const std::string_view bytes = bytes_;
  const End begin = BeginOf(series);
  const End end = ends_[series];
  size_t at = begin.text;
  for (size_t i = begin.gap; i < end.gap; ++i) {
    const Gap& gap = gaps_[i];
    if (gap.at != at) pieces.push_back(bytes.substr(at, gap.at - at));
    pieces.push_back(target.Labels(gap.begin, gap.end));
    at = gap.at;
  }
  if (end.text != at) pieces.push_back(bytes.substr(at, end.text - at));
}

size_t ProjectionModel::memory_bytes() const {
  return sizeof(*this) + bytes_.capacity() + gaps_.capacity() * sizeof(Gap) +
         ends_.capacity() * sizeof(End);
}

}  // namespace sluice::remotewrite
