#include "remotewrite/model_maker.h"

#include <algorithm>
#include <cstring>

#include "base/varint.h"

namespace sluice::remotewrite {

namespace {

constexpr size_t kTextSizeMax = UINT16_MAX;
constexpr size_t kSetsMax = UINT8_MAX;
constexpr size_t kTargetLabelsMax = UINT16_MAX - 1;
constexpr uint32_t kBackMax = UINT8_MAX;
constexpr size_t kOwnMax = UINT8_MAX;

// A shorter copy amid bytes of its own saves nothing: it takes three bytes, and the bytes after it
// one more.
constexpr size_t kCopyMin = 6;
constexpr size_t kHashedBytes = 4;

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
  while (from < target.label_count() && target.Label(from) != label) ++from;
  return from;
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return static_cast<size_t>(end - a.begin());
}

size_t CommonSuffix(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first;
  return static_cast<size_t>(end - a.rbegin());
}

size_t HashOf(const char* bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes, kHashedBytes);
  return (word * 0x9e3779b1U) >> 23;  // below kSeenSize
}

}  // namespace

ModelMaker::ModelMaker(const SeriesTexts& texts, const TargetText& target)
    : texts_(texts), target_(target), model_(new ProjectionModel) {}

std::shared_ptr<const ProjectionModel> ModelMaker::Make() {
  if (target_.label_count() > kTargetLabelsMax) return nullptr;
  model_->label_count_ = target_.label_count();
  model_->series_.reserve(texts_.count());
  ids_.reserve(2 * texts_.count());
  for (series_ = 0; series_ < texts_.count(); ++series_) {
    if (!AddSeries(texts_.At(series_))) return nullptr;
  }
  model_->own_.append(kTextStep, '\0');
  model_->own_.shrink_to_fit();
  model_->steps_.shrink_to_fit();
  model_->sets_.shrink_to_fit();
  return model_;
}

bool ModelMaker::AddSeries(std::string_view text) {
  first_step_ = model_->steps_.size();
  depth_ = 0;
  here_ = {.series = series_};
  run_ = {};
  spots_.clear();
  Split(text);
  for (const LabelId id : split_) {
    spots_.push_back(here_);
    AddLabel(id);
    here_ = After(here_, labels_[id]);
  }
  PutOwn(0);
  using Series = ProjectionModel::Series;
  fits_ = fits_ && here_.place <= kTextSizeMax && model_->steps_.size() <= Series::kStepsMax &&
          model_->own_.size() <= Series::kOwnMax;
  if (!fits_) return false;

  if (depth_ < ProjectionModel::kDepthMax) {
    for (size_t i = 0; i < split_.size(); ++i) labels_[split_[i]].last = spots_[i];
  }
  series_labels_.insert(series_labels_.end(), split_.begin(), split_.end());
  series_ends_.push_back(static_cast<uint32_t>(series_labels_.size()));
  depths_.push_back(depth_);
  Series& series = model_->series_.emplace_back();
  series.own_end = static_cast<uint32_t>(model_->own_.size()) & Series::kOwnMax;
  series.labels = here_.labels;
  series.steps_end = static_cast<uint16_t>(model_->steps_.size());
  series.size = static_cast<uint16_t>(here_.place);
  return true;
}

void ModelMaker::Split(std::string_view text) {
  split_.clear();
  size_t next = 0;  // label of the target
  while (!text.empty()) {
    const std::string_view bytes = TakeLabel(text);
    const size_t found = FindLabel(target_, next, bytes);
    const bool is_of_target = found < target_.label_count();
    if (is_of_target) next = found + 1;
    split_.push_back(IdOf(bytes, is_of_target ? static_cast<uint16_t>(found) : kOwn));
  }
}

ModelMaker::LabelId ModelMaker::IdOf(std::string_view bytes, uint16_t of_target) {
  const auto [found, is_new] = ids_.try_emplace(bytes, static_cast<LabelId>(labels_.size()));
  if (is_new) labels_.push_back({.bytes = bytes, .of_target = of_target, .last = {}});
  return found->second;
}

void ModelMaker::AddLabel(LabelId id) {
  const Label& label = labels_[id];
  if (LabelAt(run_.series, run_.index) == &label) {
    CopyLabel(run_, label);
  } else if (CanCopy(label.last)) {
    CopyLabel(label.last, label);
  } else if (label.of_target == kOwn) {
    AddNewLabel(id);
  } else {
    PutOwn(0);
    model_->steps_.push_back(
        {.place = label.of_target, .length = static_cast<uint16_t>(label.of_target + 1)});
    run_ = {};
  }
}

void ModelMaker::CopyLabel(const Spot& spot, const Label& label) {
  const std::string_view before =
      spot.index == 0 ? std::string_view() : OwnBytesAt(spot.series, spot.index - 1);
  TextStep& step = StartCopy(spot, 0, before);
  const Spot after = After(spot, label);
  step.length = static_cast<uint16_t>(step.length + after.place - spot.place);
  if (label.of_target != kOwn) step.length_labels = WithLabel(step.length_labels, label.of_target);
  copied_to_ = after.place;
  copied_labels_ = after.labels;
  run_ = after;
}

void ModelMaker::AddNewLabel(LabelId id) {
  const std::string_view bytes = labels_[id].bytes;
  size_t at = 0;
  if (run_.series != kNever) {
    at = CommonPrefix(bytes, OwnBytesAt(run_.series, run_.index));
    if (at > 0) {
      TextStep& step = StartCopy(run_, 0, {});
      step.length = static_cast<uint16_t>(step.length + at);
      copied_to_ += at;
    }
  }
  while (at < bytes.size()) {
    if (!CopySeen(bytes, at)) own_ += bytes[at++];
  }
  Note(id);
  run_ = {};
}

bool ModelMaker::CopySeen(std::string_view bytes, size_t& at) {
  if (bytes.size() - at < kCopyMin) return false;
  const Seen& seen = seen_[HashOf(bytes.data() + at)];
  if (!seen.is_set || !CanCopy(labels_[seen.label].last)) return false;
  const Label& other = labels_[seen.label];
  const size_t length = CommonPrefix(bytes.substr(at), other.bytes.substr(seen.at));
  if (length < kCopyMin) return false;
  TextStep& step = StartCopy(other.last, seen.at, other.bytes.substr(0, seen.at));
  step.length = static_cast<uint16_t>(step.length + length);
  copied_to_ += length;
  at += length;
  return true;
}

void ModelMaker::Note(LabelId id) {
  const std::string_view bytes = labels_[id].bytes;
  for (size_t i = 0; i + kHashedBytes <= bytes.size(); ++i) {
    seen_[HashOf(bytes.data() + i)] = {.label = id, .at = static_cast<uint32_t>(i), .is_set = true};
  }
}

bool ModelMaker::CanCopy(const Spot& spot) const {
  return spot.series != kNever && series_ - spot.series <= kBackMax;
}

const ModelMaker::Label* ModelMaker::LabelAt(uint32_t series, uint32_t index) const {
  if (series == kNever) return nullptr;
  const uint32_t begin = series == 0 ? 0 : series_ends_[series - 1];
  const bool is_there = begin + index < series_ends_[series];
  return is_there ? &labels_[series_labels_[begin + index]] : nullptr;
}

// Empty when there is no label, or one of the target.
std::string_view ModelMaker::OwnBytesAt(uint32_t series, uint32_t index) const {
  const Label* const label = LabelAt(series, index);
  return label != nullptr && label->of_target == kOwn ? label->bytes : std::string_view();
}

ModelMaker::Spot ModelMaker::After(const Spot& spot, const Label& label) {
  Spot after = spot;
  ++after.index;
  if (label.of_target == kOwn) {
    after.place += static_cast<uint32_t>(label.bytes.size());
  } else {
    after.labels = WithLabel(spot.labels, label.of_target);
  }
  return after;
}

LabelSet ModelMaker::WithLabel(LabelSet set, uint16_t label) {
  auto& sets = model_->sets_;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].rest == set && sets[i].label == label) return static_cast<LabelSet>(i + 1);
  }
  if (sets.size() == kSetsMax) {
    fits_ = false;
    return 0;
  }
  sets.push_back({.rest = set, .label = label});
  return static_cast<LabelSet>(sets.size());
}

// A step that copies from there on, and of what comes before it as much as there is. `before`: the
// bytes before, in the source.
TextStep& ModelMaker::StartCopy(const Spot& spot, size_t offset, std::string_view before) {
  const size_t more = CommonSuffix(own_, before);
  own_.resize(own_.size() - more);
  const auto back = static_cast<uint8_t>(series_ - spot.series);
  const size_t place = spot.place + offset - more;
  auto& steps = model_->steps_;
  const bool goes_on = own_.empty() && steps.size() > first_step_ && steps.back().back == back &&
                       copied_to_ == place && copied_labels_ == spot.labels;
  if (!goes_on) {
    PutOwn(kOwnMax);
    steps.push_back({.own = static_cast<uint8_t>(own_.size()),
                     .back = back,
                     .place_labels = spot.labels,
                     .place = static_cast<uint16_t>(place)});
    model_->own_ += own_;
    own_.clear();
    depth_ = std::max<uint8_t>(depth_, depths_[spot.series] + 1);
  }
  steps.back().length = static_cast<uint16_t>(steps.back().length + more);
  copied_to_ = place + more;
  copied_labels_ = spot.labels;
  return steps.back();
}

// Makes steps of bytes of our own, but for the last `left` of them.
void ModelMaker::PutOwn(size_t left) {
  size_t at = 0;
  while (own_.size() - at > left) {
    const size_t size = std::min(own_.size() - at, kOwnMax);
    model_->steps_.push_back({.own = static_cast<uint8_t>(size)});
    model_->own_.append(own_, at, size);
    at += size;
  }
  own_.erase(0, at);
}

}  // namespace sluice::remotewrite
