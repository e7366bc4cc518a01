// zstd, with contexts that are kept, and snappy: the wall around them for this module.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::buffer {

// How much is done to make bytes few.
enum class Effort {
  kLeast,   // for what is written all the time, kept for a short while, and read again soon: snappy
  kLittle,  // the same where snappy would take many more bytes: zstd without coding literals
  kUsual,   // for what stays: zstd
};

// One per thread: keeps its context. Thread-compatible.
class Compressor {
 public:
  explicit Compressor(Effort effort = Effort::kUsual);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Appends the packed form of `raw` to `out`: a byte that names the method, then the bytes; stored
  // as they are when compression does not make them smaller.
  void AppendPacked(std::string_view raw, std::string& out);

  // The same without compression.
  static void AppendPlain(std::string_view raw, std::string& out);

 private:
  struct Context;
  size_t Compress(std::string_view raw, char* to, size_t bound);

  const Effort effort_;
  std::unique_ptr<Context> context_;
};

// One per thread. Thread-compatible.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Undoes AppendPacked into `out`. False on malformed input and when the content is larger than
  // `size_max`; allocates nothing beyond that.
  bool Unpack(std::string_view packed, size_t size_max, std::string& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace sluice::buffer
