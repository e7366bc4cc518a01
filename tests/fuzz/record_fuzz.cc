// Bytes of a stored record, as they could be found in a damaged buffer: every decoder is given them
// directly, since no random input gets past the checksum.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/varint.h"
#include "buffer/chunk.h"
#include "buffer/chunk_scanner.h"
#include "buffer/epochs.h"
#include "buffer/floor.h"
#include "buffer/frame.h"
#include "buffer/layout.h"
#include "buffer/log_writer.h"
#include "buffer/record.h"
#include "proto/histogram_codec.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

void DecodeAsFrame(std::string_view bytes) {
  FrameDecoder decoder;
  DecodedFrame frame;
  // The count is part of what is damaged: take it from the bytes, and a few that fit anything.
  ByteReader reader(bytes);
  reader.Byte();
  reader.Byte();
  reader.Varint();
  const auto claimed = static_cast<uint32_t>(reader.Varint() % (1 << 20));
  for (const uint32_t series_count : {uint32_t{0}, uint32_t{1}, uint32_t{9}, claimed}) {
    (void)decoder.Decode(bytes, series_count, frame).ok();
  }
  if (!decoder.Decode(bytes, claimed, frame).ok()) return;
  // What decodes must decode to the same again after being encoded.
  FrameEncoder encoder;
  DecodedFrame again;
  const std::string_view stored = encoder.Encode({.kind = frame.kind,
                                                  .timestamp_ms = frame.timestamp_ms,
                                                  .values = frame.values,
                                                  .timestamps = frame.timestamps,
                                                  .present = frame.present,
                                                  .histograms = frame.histograms,
                                                  .exemplars = frame.exemplars,
                                                  .start_timestamps = frame.start_timestamps});
  SLUICE_CHECK(decoder.Decode(stored, claimed, again).ok());
  SLUICE_CHECK(again.values.size() == frame.values.size());
  SLUICE_CHECK(again.timestamp_ms == frame.timestamp_ms);
  SLUICE_CHECK(again.histograms.size() == frame.histograms.size());
  SLUICE_CHECK(again.exemplars.size() == frame.exemplars.size());
  SLUICE_CHECK(again.start_timestamps.size() <= frame.start_timestamps.size());
}

// What a frame keeps of a native histogram, and what a scrape would do with it.
void DecodeAsHistogram(std::string_view bytes) {
  proto::NativeHistogram histogram;
  (void)proto::SchemaOf(bytes);
  if (!proto::DecodeHistogram(bytes, histogram).ok()) return;
  std::string encoded;
  proto::AppendHistogram(histogram, encoded);
  SLUICE_CHECK(proto::SchemaOf(encoded) == histogram.schema);
  (void)proto::Validate(histogram).ok();
  (void)proto::LimitSchema(histogram, proto::kSchemaMin).ok();
  (void)proto::LimitBuckets(histogram, 2).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr Sequence kSequence = 1000;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)OpenRecord(kSequence, bytes).ok();
  (void)IsBelow(Floor{}, kSequence, bytes);
  (void)DecodeFrameBody(kSequence, bytes).ok();
  (void)DecodeLayoutBody(kSequence, bytes).ok();
  (void)DecodeContentBody(bytes).ok();
  (void)DecodeEpochStartBody(kSequence, bytes).ok();
  (void)DecodeProgressBody(kSequence, bytes).ok();
  (void)TargetLabels::Decode(bytes).ok();
  SLUICE_CHECK(DecodedChunk::Decode(bytes).ok() == ChunkScanner().Open(bytes).ok());
  DecodeAsFrame(bytes);
  DecodeAsHistogram(bytes);
  return 0;
}
