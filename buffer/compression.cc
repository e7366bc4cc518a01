#include "buffer/compression.h"

#include <snappy.h>
#include <zstd.h>

#include "base/result.h"

namespace sluice::buffer {
namespace {

// Levels above 1 cost more and gain nothing measurable on this data.
int ZstdLevelOf(Effort effort) {
  constexpr int kLittle = -3;
  constexpr int kUsual = 1;
  return effort == Effort::kLittle ? kLittle : kUsual;
}

// On disk: do not renumber.
constexpr char kMethodPlain = 0;
constexpr char kMethodZstd = 1;
constexpr char kMethodSnappy = 2;

// A block of zstd holds at most this, and takes at least so many bytes.
constexpr size_t kBlockContentMax = 128 << 10;
constexpr size_t kBlockBytesMin = 3;

// What a byte of snappy can stand for, rounded up: three are a copy of 64.
constexpr size_t kSnappyExpansionMax = 22;

// Below this the header eats what is gained.
constexpr size_t kWorthwhileBytes = 24;

bool UnpackSnappy(std::string_view packed, size_t size_max, std::string& out) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size)) return false;
  // More than the input can hold is a lie that would only cost memory.
  if (size > size_max || size > packed.size() * kSnappyExpansionMax) return false;
  out.resize(size);
  return snappy::RawUncompress(packed.data(), packed.size(), out.data());
}

}  // namespace

struct Compressor::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();

  Context() { SLUICE_CHECK(zstd != nullptr); }

  ~Context() { ZSTD_freeCCtx(zstd); }

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Compressor::Compressor(Effort effort) : effort_(effort) {}

Compressor::~Compressor() = default;

void Compressor::AppendPacked(std::string_view raw, std::string& out) {
  const size_t start = out.size();
  if (raw.size() >= kWorthwhileBytes) {
    const bool is_snappy = effort_ == Effort::kLeast;
    const size_t bound =
        is_snappy ? snappy::MaxCompressedLength(raw.size()) : ZSTD_compressBound(raw.size());
    out.resize(start + 1 + bound);
    out[start] = is_snappy ? kMethodSnappy : kMethodZstd;
    const size_t size = Compress(raw, out.data() + start + 1, bound);
    if (size < raw.size()) {
      out.resize(start + 1 + size);
      return;
    }
    out.resize(start);
  }
  AppendPlain(raw, out);
}

void Compressor::AppendPlain(std::string_view raw, std::string& out) {
  out.push_back(kMethodPlain);
  out.append(raw);
}

// Into `bound` bytes, which are enough; gives how many it took.
size_t Compressor::Compress(std::string_view raw, char* to, size_t bound) {
  size_t size = 0;
  if (effort_ == Effort::kLeast) {
    snappy::RawCompress(raw.data(), raw.size(), to, &size);
    return size;
  }
  if (!context_) context_ = std::make_unique<Context>();
  size = ZSTD_compressCCtx(context_->zstd, to, bound, raw.data(), raw.size(), ZstdLevelOf(effort_));
  return ZSTD_isError(size) == 0 ? size : raw.size();
}

struct Decompressor::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();

  Context() { SLUICE_CHECK(zstd != nullptr); }

  ~Context() { ZSTD_freeDCtx(zstd); }

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Decompressor::Decompressor() = default;
Decompressor::~Decompressor() = default;

bool Decompressor::Unpack(std::string_view packed, size_t size_max, std::string& out) {
  out.clear();
  if (packed.empty()) return false;
  const char method = packed.front();
  packed.remove_prefix(1);
  if (method == kMethodPlain) {
    if (packed.size() > size_max) return false;
    out.assign(packed);
    return true;
  }
  if (method == kMethodSnappy) return UnpackSnappy(packed, size_max, out);
  if (method != kMethodZstd) return false;
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  // The two error values of this function are larger than any bound.
  if (size > size_max) return false;
  // More than the input can hold is a lie that would only cost memory.
  if (size > (packed.size() / kBlockBytesMin + 1) * kBlockContentMax) return false;
  if (!context_) context_ = std::make_unique<Context>();
  out.resize(static_cast<size_t>(size));
  const size_t got =
      ZSTD_decompressDCtx(context_->zstd, out.data(), out.size(), packed.data(), packed.size());
  return ZSTD_isError(got) == 0 && got == out.size();
}

}  // namespace sluice::buffer
