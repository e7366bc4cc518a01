// Compresses a frame once, for all values and times that it may have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "proto/write_request.h"
#include "remotewrite/frame_template.h"
#include "remotewrite/projection.h"
#include "remotewrite/text_writer.h"

namespace sluice::remotewrite {

// For one use. The frame is laid out as symbols: bytes that are always the same, those of the
// target's labels and of the time, each a symbol of its own, and values, which are like nothing.
// What symbols have come before is then searched for as compressors do.
class TemplateMaker {
 public:
  // Of one target, made of models; at least one. All must outlive this.
  using Parts = std::span<const std::shared_ptr<const Projection>>;

  explicit TemplateMaker(Parts parts);

  // Null when there is nothing to send, or something is too large.
  std::unique_ptr<const FrameTemplate> Make();

 private:
  using Symbol = uint16_t;
  // Places that may begin alike, the latest first.
  using Bucket = std::array<uint32_t, 4>;

  // Symbols that come one after the other. A literal when they are not copied.
  struct Element {
    size_t begin = 0;
    size_t length = 0;
    size_t from = 0;
    bool is_copy = false;
  };

  struct Match {
    size_t from = 0;
    size_t length = 0;
  };

  void LayOut(const Projection& part);
  void LayOutSeries(const Projection& part, size_t series);

  void Parse(size_t begin, size_t end);
  Match Find(size_t at, size_t end) const;
  uint64_t WordAt(size_t at) const;
  size_t CommonLength(size_t a, size_t b, size_t end) const;
  size_t LengthMin(size_t at, const Match& match, size_t end) const;
  const Bucket& BucketAt(size_t at) const;
  void Note(size_t begin, size_t end);
  void AddElement(const Element& element);

  bool PutSlot(size_t slot);
  std::optional<Element> TakeLast(size_t slot);
  void Put(const Element& element);
  void AddGap(size_t at, Symbol symbol);

  const Parts parts_;
  const TargetText& target_;
  std::unique_ptr<FrameTemplate> made_;

  proto::RequestWriter request_;  // of one series
  TextWriter texts_;
  uint32_t first_ = 0;  // series of the layout, of the part at hand
  std::vector<Symbol> symbols_;
  std::vector<size_t> values_;  // where in these the values are

  std::vector<Bucket> buckets_;
  size_t begin_ = 0;   // of what is parsed, up to the next value
  size_t offset_ = 0;  // of the latest copy
  std::vector<Element> elements_;
  size_t slot_begin_ = 0;  // where elements of the slot begin
};

}  // namespace sluice::remotewrite
