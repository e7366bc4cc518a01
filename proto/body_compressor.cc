#include "proto/body_compressor.h"

#include <snappy.h>
#include <zstd.h>

#include "base/result.h"

namespace sluice::proto {

namespace {

constexpr int kZstdLevel = 1;

}  // namespace

std::string_view SnappyCompressor::Compress(std::string_view raw) {
  const size_t size_max = snappy::MaxCompressedLength(raw.size());
  if (memory_.size() < size_max) memory_.resize(size_max);
  size_t size = 0;
  snappy::RawCompress(raw.data(), raw.size(), memory_.data(), &size);
  return {memory_.data(), size};
}

struct ZstdCompressor::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();

  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ~Context() { ZSTD_freeCCtx(zstd); }
};

ZstdCompressor::ZstdCompressor() = default;
ZstdCompressor::~ZstdCompressor() = default;

std::string_view ZstdCompressor::Compress(std::string_view raw) {
  if (context_ == nullptr) context_ = std::make_unique<Context>();
  const size_t size_max = ZSTD_compressBound(raw.size());
  if (memory_.size() < size_max) memory_.resize(size_max);
  const size_t size = ZSTD_compressCCtx(context_->zstd, memory_.data(), memory_.size(), raw.data(),
                                        raw.size(), kZstdLevel);
  // With room for the worst case it fails only without memory.
  SLUICE_CHECK(ZSTD_isError(size) == 0);
  return {memory_.data(), size};
}

}  // namespace sluice::proto
