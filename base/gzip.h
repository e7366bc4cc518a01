// gzip (RFC 1952): the only place that includes zlib.
#pragma once

#include <functional>
#include <memory>
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

}  // namespace sluice
