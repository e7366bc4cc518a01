#include "remotewrite/template_maker.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "proto/snappy_block.h"

namespace sluice::remotewrite {

namespace {

using Symbol = uint16_t;

// Bytes that are always the same are themselves.
constexpr Symbol kTime = 0x100;
constexpr Symbol kTarget = 0x200;
constexpr Symbol kValue = 0xffff;

constexpr size_t kTargetSizeMax = kValue - kTarget;
constexpr size_t kValueSize = 8;
constexpr size_t kHeadSize = proto::kSampleValueAt;  // what is the same before all values
constexpr TimestampMs kSomeTime = 1'700'000'000'000;

constexpr size_t kTimeSize = 7;  // with its tag

constexpr size_t kHashed = 4;
constexpr size_t kHashBits = 13;
constexpr uint32_t kNowhere = UINT32_MAX;

constexpr size_t kNear = 2'048;
constexpr size_t kNearMin = 4;
constexpr size_t kFarMin = 5;
constexpr size_t kLastMin = kHeadSize;

// What is left to the last copy is from kHeadSize to kSnappyCopyMax.
constexpr size_t kLastSpread = proto::kSnappyCopyMax - kHeadSize + 1;

// After a match of that length nobody looks whether the next symbol begins a longer one.
constexpr size_t kLongMatch = 32;

constexpr size_t kReadBeyond = 16;

bool IsFixed(Symbol symbol) { return symbol < kTime; }

// Takes the bytes of texts, for TextWriter.
class SymbolText {
 public:
  SymbolText(std::vector<Symbol>& symbols, const TargetText& target)
      : symbols_(symbols), target_(target) {}

  size_t position() const { return symbols_.size(); }

  void Own(std::string_view bytes) {
    Symbol* at = Extend(bytes.size());
    for (const char byte : bytes) *at++ = static_cast<unsigned char>(byte);
  }

  void OfTarget(std::string_view bytes) {
    const auto place = static_cast<size_t>(bytes.data() - target_.bytes().data());
    Symbol* const at = Extend(bytes.size());
    for (size_t i = 0; i < bytes.size(); ++i) at[i] = static_cast<Symbol>(kTarget + place + i);
  }

  void Copy(size_t from, size_t length) {
    Symbol* const at = Extend(length);
    std::copy_n(symbols_.begin() + static_cast<std::ptrdiff_t>(from), length, at);
  }

 private:
  // Room at the end.
  Symbol* Extend(size_t length) {
    const size_t size = symbols_.size();
    symbols_.resize(size + length);
    return symbols_.data() + size;
  }

  std::vector<Symbol>& symbols_;
  const TargetText& target_;
};

}  // namespace

TemplateMaker::TemplateMaker(Parts parts)
    : parts_(parts),
      target_(*parts.front()->target()),
      made_(std::make_unique<FrameTemplate>()),
      buckets_(size_t{1} << kHashBits, {kNowhere, kNowhere, kNowhere, kNowhere}) {}

std::unique_ptr<const FrameTemplate> TemplateMaker::Make() {
  if (target_.bytes().size() > kTargetSizeMax) return nullptr;
  for (const auto& part : parts_) LayOut(*part);
  if (values_.empty() || symbols_.size() >= kNowhere) return nullptr;
  size_t at = 0;
  for (size_t slot = 0; slot <= values_.size(); ++slot) {
    const size_t end = slot < values_.size() ? values_[slot] : symbols_.size();
    Parse(at, end);
    if (!PutSlot(slot)) return nullptr;
    at = end + kValueSize;
  }
  made_->raw_size_ = symbols_.size();
  made_->fixed_.append(kReadBeyond, '\0');
  made_->fixed_.shrink_to_fit();
  made_->gaps_.shrink_to_fit();
  return std::move(made_);
}

void TemplateMaker::LayOut(const Projection& part) {
  texts_.Begin(*part.model(), target_);
  for (uint32_t i = 0; i < part.series_count(); ++i) {
    if (!part.Sends(i)) continue;
    LayOutSeries(part, i);
    made_->sent_.push_back(first_ + i);
  }
  first_ += part.series_count();
}

void TemplateMaker::LayOutSeries(const Projection& part, size_t series) {
  const ProjectionModel::Text text = part.model()->TextOf(series);
  const size_t size = texts_.SizeOf(text);
  const proto::SampleView sample{.value = 0, .timestamp_ms = kSomeTime};
  request_.Clear();
  const char* const labels = request_.BeginSeries(size, std::span(&sample, 1));
  request_.EndSeries(std::span(&sample, 1));
  const std::string_view bytes = request_.bytes();
  const auto labels_at = static_cast<size_t>(labels - bytes.data());

  SymbolText out(symbols_, target_);
  out.Own(bytes.substr(0, labels_at));
  texts_.Write(series, text, out);
  const size_t sample_at = symbols_.size();
  out.Own(bytes.substr(labels_at + size));
  values_.push_back(sample_at + proto::kSampleValueAt);
  std::fill_n(symbols_.begin() + static_cast<std::ptrdiff_t>(values_.back()), kValueSize, kValue);
  Symbol time = kTime;
  for (size_t i = sample_at + proto::kSampleTimestampAt; i < symbols_.size(); ++i) {
    symbols_[i] = time++;
  }
}

// A match of the next symbol that is longer by more than one is worth a symbol of its own.
void TemplateMaker::Parse(size_t begin, size_t end) {
  elements_.clear();
  begin_ = begin;
  size_t at = begin;
  Match match = Find(at, end);
  while (at < end) {
    Note(at, at + 1);
    const bool is_short = match.length < LengthMin(at, match, end);
    const bool may_wait = match.length < kLongMatch && at + 1 < end;
    const Match next = is_short || may_wait ? Find(at + 1, end) : Match();
    if (is_short || next.length > match.length + 1) {
      AddElement({.begin = at, .length = 1});
      ++at;
      match = next;
      continue;
    }
    AddElement({.begin = at, .length = match.length, .from = match.from, .is_copy = true});
    Note(at + 1, at + match.length);
    at += match.length;
    match = Find(at, end);
  }
}

uint64_t TemplateMaker::WordAt(size_t at) const {
  uint64_t word = 0;
  std::memcpy(&word, symbols_.data() + at, sizeof(word));
  return word;
}

TemplateMaker::Match TemplateMaker::Find(size_t at, size_t end) const {
  Match best;
  if (at >= end) return best;
  const auto consider = [&](size_t from) {
    if (from >= at || at - from > proto::kSnappyReach) return;
    const bool may_be_longer =
        at + best.length < end && symbols_[from + best.length] == symbols_[at + best.length];
    if (!may_be_longer) return;
    const size_t length = CommonLength(from, at, end);
    if (length > best.length) best = {from, length};
  };
  consider(at - offset_);  // where the latest copy would go on
  if (at + kHashed <= symbols_.size()) {
    for (const uint32_t from : BucketAt(at)) consider(from);
  }
  // After a value all go on with the same time; what comes then tells them apart.
  const size_t next = at + kTimeSize;
  if (at == begin_ && at > 0 && next + kHashed <= symbols_.size()) {
    for (const uint32_t from : BucketAt(next)) {
      if (from != kNowhere) consider(from - kTimeSize);
    }
  }
  return best;
}

size_t TemplateMaker::CommonLength(size_t a, size_t b, size_t end) const {
  constexpr size_t kAtOnce = sizeof(uint64_t) / sizeof(Symbol);
  const size_t begin = b;
  for (; b + kAtOnce <= end; a += kAtOnce, b += kAtOnce) {
    const uint64_t difference = WordAt(a) ^ WordAt(b);
    if (difference != 0) {
      const auto bits = static_cast<size_t>(std::countr_zero(difference));
      return b - begin + bits / (8 * sizeof(Symbol));
    }
  }
  while (b < end && symbols_[a] == symbols_[b]) ++a, ++b;
  return b - begin;
}

size_t TemplateMaker::LengthMin(size_t at, const Match& match, size_t end) const {
  if (at + match.length == end) return kLastMin;
  return at - match.from < kNear ? kNearMin : kFarMin;
}

const TemplateMaker::Bucket& TemplateMaker::BucketAt(size_t at) const {
  return buckets_[(WordAt(at) * 0x9e3779b97f4a7c15ULL) >> (64 - kHashBits)];
}

// Those symbols can be copied from now on.
void TemplateMaker::Note(size_t begin, size_t end) {
  end = std::min(end, symbols_.size() - kHashed + 1);
  for (size_t at = begin; at < end; ++at) {
    Bucket& bucket = buckets_[static_cast<size_t>(&BucketAt(at) - buckets_.data())];
    bucket = {static_cast<uint32_t>(at), bucket[0], bucket[1], bucket[2]};
  }
}

void TemplateMaker::AddElement(const Element& element) {
  if (element.is_copy) offset_ = element.begin - element.from;
  const bool goes_on = !elements_.empty() && !elements_.back().is_copy && !element.is_copy;
  if (goes_on) {
    elements_.back().length += element.length;
  } else {
    elements_.push_back(element);
  }
}

bool TemplateMaker::PutSlot(size_t slot) {
  FrameTemplate::Slot made;
  slot_begin_ = made_->fixed_.size();
  std::optional<Element> last;
  if (slot < values_.size()) last = TakeLast(slot);
  for (const Element& element : elements_) Put(element);
  if (last) {
    const auto like = std::lower_bound(values_.begin(), values_.end(), last->from + last->length);
    made.like = static_cast<uint16_t>(slot - static_cast<size_t>(like - values_.begin()));
    made.offset = static_cast<uint16_t>(last->begin - last->from);
    if (last->length > proto::kSnappyCopyMax) {
      Element first = *last;
      first.length -= kHeadSize + (last->length - kHeadSize) % kLastSpread;
      Put(first);
      last->length -= first.length;
    }
    made.length = static_cast<uint8_t>(last->length);
  }
  const size_t size = made_->fixed_.size() - slot_begin_;
  made.fixed = static_cast<uint16_t>(size);
  made_->slots_.push_back(made);
  return size <= UINT16_MAX;
}

// The copy right before a value, which may go on into the value. There nearly always is one; else
// what comes before every value is copied from before the latest.
std::optional<TemplateMaker::Element> TemplateMaker::TakeLast(size_t slot) {
  if (!elements_.empty() && elements_.back().is_copy) {
    const Element last = elements_.back();
    if (symbols_[last.from + last.length] == kValue) {
      elements_.pop_back();
      return last;
    }
  }
  if (slot == 0 || values_[slot] - values_[slot - 1] > proto::kSnappyReach) return std::nullopt;
  for (size_t left = kHeadSize; left > 0;) {
    Element& element = elements_.back();
    const size_t some = std::min(left, element.length);
    element.length -= some;
    left -= some;
    if (element.length == 0) elements_.pop_back();
  }
  return Element{.begin = values_[slot] - kHeadSize,
                 .length = kHeadSize,
                 .from = values_[slot - 1] - kHeadSize,
                 .is_copy = true};
}

void TemplateMaker::Put(const Element& element) {
  if (element.is_copy) {
    proto::AppendSnappyCopy(made_->fixed_, element.begin - element.from, element.length);
    return;
  }
  std::string bytes(element.length, '\0');
  for (size_t i = 0; i < element.length; ++i) {
    const Symbol symbol = symbols_[element.begin + i];
    if (IsFixed(symbol)) bytes[i] = static_cast<char>(symbol);
  }
  proto::AppendSnappyLiteral(made_->fixed_, bytes);
  const size_t at = made_->fixed_.size() - element.length - slot_begin_;
  for (size_t i = 0; i < element.length; ++i) {
    const Symbol symbol = symbols_[element.begin + i];
    if (!IsFixed(symbol)) AddGap(at + i, symbol);
  }
}

void TemplateMaker::AddGap(size_t at, Symbol symbol) {
  const bool is_time = symbol < kTarget;
  const auto from = static_cast<uint16_t>(symbol - (is_time ? kTime : kTarget));
  auto& gaps = made_->gaps_;
  const auto slot = static_cast<uint32_t>(made_->slots_.size());
  if (!gaps.empty()) {
    FrameTemplate::Gap& before = gaps.back();
    const bool goes_on = before.slot == slot && before.is_time == is_time &&
                         before.at + before.size == at && before.from + before.size == from;
    if (goes_on) return void(++before.size);
  }
  gaps.push_back(
      {.slot = slot, .at = static_cast<uint16_t>(at), .from = from, .size = 1, .is_time = is_time});
}

}  // namespace sluice::remotewrite
