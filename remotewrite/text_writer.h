// Makes the encoded labels of series from a model and the labels of a target.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "remotewrite/projection_model.h"

namespace sluice::remotewrite {

// Where texts can go: bytes in memory, of which there must be enough, and kTextStep.
class PlainText {
 public:
  // `begin` is position 0, and in the same memory.
  PlainText(const char* begin, char* at) : begin_(begin), at_(at) {}

  size_t position() const { return static_cast<size_t>(at_ - begin_); }

  void Own(std::string_view bytes) {
    if (!bytes.empty()) Move(bytes.data(), bytes.size());
  }

  void OfTarget(std::string_view bytes) { Own(bytes); }

  void Copy(size_t from, size_t length) { Move(begin_ + from, length); }

 private:
  void Move(const char* from, size_t length) {
    char* at = at_;
    at_ += length;
    while (true) {
      std::array<char, kTextStep> step;  // what is read may be where it goes
      std::memcpy(step.data(), from, kTextStep);
      std::memcpy(at, step.data(), kTextStep);
      if (length <= kTextStep) return;
      from += kTextStep;
      at += kTextStep;
      length -= kTextStep;
    }
  }

  const char* begin_;
  char* at_;
};

// Writes texts of one chunk after the other. What is already where the text goes to, `out`, is
// copied from there; the rest is made anew. `out` is a PlainText or alike. Keeps its memory. Bound
// to one thread.
class TextWriter {
 public:
  // The texts that follow are of this chunk and target, and go to where none of them is yet. Both
  // must outlive the use.
  void Begin(const ProjectionModel& model, const TargetText& target);

  size_t SizeOf(const ProjectionModel::Text& text) const {
    return text.size + widths_[text.labels];
  }

  // Not at position 0 of `out`.
  template <typename Out>
  void Write(size_t series, const ProjectionModel::Text& text, Out& out) {
    const auto position = static_cast<uint32_t>(out.position());
    const char* own = text.own;
    for (const TextStep& step : text.steps) {
      out.Own({own, step.own});
      own += step.own;
      if (step.back == 0) {
        for (size_t i = step.place; i < step.length; ++i) out.OfTarget(target_->Label(i));
        continue;
      }
      const size_t source = series - step.back;
      const size_t place = step.place + widths_[step.place_labels];
      const size_t length = step.length + widths_[step.length_labels];
      if (places_[source] != 0) {
        out.Copy(places_[source] + place, length);
      } else {
        WriteRange(source, place, place + length, out);
      }
    }
    places_[series] = position;
  }

 private:
  // From `begin` to `end` in the text of a series, wherever that can be had from.
  template <typename Out>
  void WriteRange(size_t series, size_t begin, size_t end, Out& out) {
    if (places_[series] != 0) {
      out.Copy(places_[series] + begin, end - begin);
      return;
    }
    const ProjectionModel::Text text = model_->TextOf(series);
    const char* own = text.own;
    size_t at = 0;
    // What there is of the range in the next `size` bytes.
    const auto clip = [&](size_t size) {
      const size_t from = std::clamp(begin, at, at + size) - at;
      const size_t to = std::clamp(end, at, at + size) - at;
      at += size;
      return std::pair(from, to);
    };
    for (const TextStep& step : text.steps) {
      const auto [own_from, own_to] = clip(step.own);
      out.Own({own + own_from, own_to - own_from});
      own += step.own;
      if (step.back == 0) {
        for (size_t i = step.place; i < step.length; ++i) {
          const std::string_view label = target_->Label(i);
          const auto [from, to] = clip(label.size());
          out.OfTarget(label.substr(from, to - from));
        }
        continue;
      }
      const auto [from, to] = clip(step.length + widths_[step.length_labels]);
      if (from == to) continue;
      const size_t place = step.place + widths_[step.place_labels];
      WriteRange(series - step.back, place + from, place + to, out);
    }
  }

  const ProjectionModel* model_ = nullptr;
  const TargetText* target_ = nullptr;
  std::array<uint32_t, UINT8_MAX + 1> widths_{};  // of the sets of labels
  std::vector<uint32_t> places_;                  // of the series in `out`; 0: it is not there
};

}  // namespace sluice::remotewrite
