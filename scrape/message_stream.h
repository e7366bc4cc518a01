// Messages that stand one behind the other, each after its length as a varint, out of bytes that
// arrive in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::scrape {

// A larger message fails the scrape. Only one that is cut is copied, and memory grows with what
// has arrived, not with what a length promises.
inline constexpr size_t kMessageBytesMax = 64U << 20;

// Thread-compatible.
class MessageStream {
 public:
  // The next piece, which must stay until Next() has said that more is needed.
  void Feed(std::string_view bytes) { piece_ = bytes; }

  // The next message, which holds until the next call; false when more bytes are needed. Errors
  // are final: the length is no varint of at most five bytes, or too large.
  Result<bool> Next(std::string_view& message);

  // There are no more bytes: an error if a message is unfinished.
  Status End() const;

 private:
  Status ReadPrefix(std::string_view bytes, bool& is_whole);
  Result<bool> FinishCarried(std::string_view& message);

  std::string_view piece_;
  std::string carry_;         // the start of a message that is cut, with its length
  bool carry_given_ = false;  // it is whole and was given
  // Of the message at hand, with its length; 0 while that is cut.
  size_t prefix_size_ = 0;
  size_t whole_size_ = 0;
};

}  // namespace sluice::scrape
