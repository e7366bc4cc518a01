// gzip (RFC 1952): the only place that includes zlib and libdeflate.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// `bytes` as one gzip member.
std::string Gzip(std::string_view bytes);

// Decompresses a gzip stream piece by piece, in memory that does not depend on its size: each piece
// that comes out is at most as large as the scratch space. A stream may have several members.
// Thread-compatible.
class GunzipStream {
 public:
  enum class Outcome {
    kMore,     // all of the input is used
    kStopped,  // the sink returned false
    kCorrupt,  // not gzip, or damaged; final
  };

  using Sink = std::function<bool(std::string_view)>;

  // `scratch` must not be empty and must outlive the stream; streams of one thread may share it.
  explicit GunzipStream(std::span<char> scratch);
  ~GunzipStream();
  GunzipStream(const GunzipStream&) = delete;
  GunzipStream& operator=(const GunzipStream&) = delete;

  // The sink gets what comes out, and may end it by false.
  Outcome Write(std::string_view input, const Sink& sink);

  // Whether the input so far is whole: nothing at all, or ended at the end of a member.
  bool complete() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Decompresses what is there as a whole, in half the time that a stream takes. Keeps the memory of
// the largest body so far, which is at most kOutputMax. Thread-compatible.
class WholeGunzip {
 public:
  static constexpr size_t kInputMax = 128 * 1024;
  static constexpr size_t kOutputMax = 1024 * 1024;

  WholeGunzip();
  ~WholeGunzip();
  WholeGunzip(const WholeGunzip&) = delete;
  WholeGunzip& operator=(const WholeGunzip&) = delete;

  // Valid until the next call. Nothing for anything but one good member that is not larger than it
  // may be: what is wrong, if it is, a stream will tell.
  std::optional<std::string_view> Decompress(std::string_view input);

 private:
  struct State;
  std::unique_ptr<State> state_;  // made at the first call
};

}  // namespace sluice
