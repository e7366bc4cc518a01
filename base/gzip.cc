#include "base/gzip.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include <libdeflate.h>
#include <zlib.h>

#include "base/result.h"

namespace sluice {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // 16: gzip header and trailer instead of zlib's
constexpr int kMemoryLevel = 8;           // zlib's default

Bytef* MutableBytes(std::string_view bytes) {
  // zlib's next_in is not const, but it never writes there.
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

std::string Gzip(std::string_view bytes) {
  SLUICE_CHECK(bytes.size() < std::numeric_limits<uInt>::max() / 2);
  z_stream stream{};
  SLUICE_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                            Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = MutableBytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  SLUICE_CHECK(code == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct GunzipStream::State {
  z_stream stream{};
  std::span<char> scratch;
  bool inside_member = false;
  bool corrupt = false;
};

GunzipStream::GunzipStream(std::span<char> scratch) : state_(std::make_unique<State>()) {
  state_->scratch = scratch;
  SLUICE_CHECK(!scratch.empty());
  SLUICE_CHECK(inflateInit2(&state_->stream, kGzipWindowBits) == Z_OK);
}

GunzipStream::~GunzipStream() { inflateEnd(&state_->stream); }

GunzipStream::Outcome GunzipStream::Write(std::string_view input, const Sink& sink) {
  if (state_->corrupt) return Outcome::kCorrupt;
  z_stream& stream = state_->stream;
  const std::span<char> scratch = state_->scratch;
  const auto scratch_size =
      static_cast<uInt>(std::min<size_t>(scratch.size(), std::numeric_limits<uInt>::max()));
  stream.next_in = MutableBytes(input);
  stream.avail_in = static_cast<uInt>(input.size());
  bool output_was_full = false;
  // Without input there may still be output that did not fit into the scratch space.
  while (stream.avail_in > 0 || output_was_full) {
    stream.next_out = reinterpret_cast<Bytef*>(scratch.data());
    stream.avail_out = scratch_size;
    if (stream.avail_in > 0) state_->inside_member = true;
    const int code = inflate(&stream, Z_NO_FLUSH);
    // Z_BUF_ERROR without input: nothing was left to give after a full scratch space. No error.
    const bool nothing_left = code == Z_BUF_ERROR && stream.avail_in == 0;
    if (code != Z_OK && code != Z_STREAM_END && !nothing_left) {
      state_->corrupt = true;
      return Outcome::kCorrupt;
    }
    output_was_full = stream.avail_out == 0 && code == Z_OK;
    const size_t produced = scratch_size - stream.avail_out;
    if (code == Z_STREAM_END) {
      state_->inside_member = false;
      inflateReset(&stream);
    }
    if (produced > 0 && !sink(std::string_view(scratch.data(), produced))) return Outcome::kStopped;
  }
  return Outcome::kMore;
}

bool GunzipStream::complete() const { return !state_->corrupt && !state_->inside_member; }

struct WholeGunzip::State {
  State() : decompressor(libdeflate_alloc_decompressor()) { SLUICE_CHECK(decompressor != nullptr); }

  ~State() { libdeflate_free_decompressor(decompressor); }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  libdeflate_decompressor* const decompressor;
  std::vector<char> output;
};

WholeGunzip::WholeGunzip() = default;
WholeGunzip::~WholeGunzip() = default;

std::optional<std::string_view> WholeGunzip::Decompress(std::string_view input) {
  // A member ends with the size of what is in it, which is only a hint until it was decompressed.
  uint32_t size = 0;
  if (input.size() < sizeof(size) || input.size() > kInputMax) return std::nullopt;
  std::memcpy(&size, input.data() + input.size() - sizeof(size), sizeof(size));
  if (size > kOutputMax) return std::nullopt;
  if (state_ == nullptr) state_ = std::make_unique<State>();
  std::vector<char>& output = state_->output;
  if (output.size() < size) output.resize(size);
  size_t used = 0;
  size_t made = 0;
  const libdeflate_result result = libdeflate_gzip_decompress_ex(
      state_->decompressor, input.data(), input.size(), output.data(), output.size(), &used, &made);
  if (result != LIBDEFLATE_SUCCESS || used != input.size()) return std::nullopt;
  return std::string_view(output.data(), made);
}

}  // namespace sluice
