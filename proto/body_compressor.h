// Compression of request bodies, into memory that is kept: what compression may need is a hundred
// kilobytes and more, which would otherwise come from the system and go back with each request.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sluice::proto {

// Snappy's block format. Thread-compatible.
class SnappyCompressor {
 public:
  // Valid until the next call.
  std::string_view Compress(std::string_view raw);

 private:
  std::string memory_;
};

// One zstd frame, level 1: half of what snappy leaves, for a good half more of its time.
// Thread-compatible.
class ZstdCompressor {
 public:
  ZstdCompressor();
  ~ZstdCompressor();
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  // Valid until the next call.
  std::string_view Compress(std::string_view raw);

 private:
  struct Context;
  std::unique_ptr<Context> context_;  // made at the first call
  std::string memory_;
};

}  // namespace sluice::proto
