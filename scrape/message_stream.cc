#include "scrape/message_stream.h"

#include <algorithm>

#include "scrape/protobuf_wire.h"

namespace sluice::scrape {

Result<bool> MessageStream::Next(std::string_view& message) {
  if (carry_given_) {
    carry_.clear();
    carry_given_ = false;
  }
  if (!carry_.empty()) return FinishCarried(message);
  bool is_whole = false;
  if (Status status = ReadPrefix(piece_, is_whole); !status.ok()) return status.error();
  if (!is_whole || piece_.size() < whole_size_) {
    carry_.assign(piece_);
    piece_ = {};
    return false;
  }
  message = piece_.substr(prefix_size_, whole_size_ - prefix_size_);
  piece_.remove_prefix(whole_size_);
  return true;
}

Status MessageStream::End() const {
  if (carry_.empty() || carry_given_) return Status::Ok();
  return InvalidInput("insufficient length of buffer, expected at least " +
                      std::to_string(std::max(whole_size_, carry_.size() + 1)) + " bytes, got " +
                      std::to_string(carry_.size()) + " bytes");
}

Result<bool> MessageStream::FinishCarried(std::string_view& message) {
  bool is_whole = false;
  while (true) {
    if (Status status = ReadPrefix(carry_, is_whole); !status.ok()) return status.error();
    if (is_whole) break;
    if (piece_.empty()) return false;
    carry_.push_back(piece_.front());
    piece_.remove_prefix(1);
  }
  const std::string_view taken = piece_.substr(0, whole_size_ - carry_.size());
  carry_.append(taken);
  piece_.remove_prefix(taken.size());
  if (carry_.size() < whole_size_) return false;
  message = std::string_view(carry_).substr(prefix_size_);
  carry_given_ = true;
  return true;
}

Status MessageStream::ReadPrefix(std::string_view bytes, bool& is_whole) {
  constexpr size_t kPrefixBytesMax = 5;
  prefix_size_ = 0;
  whole_size_ = 0;
  const char* p = bytes.data();
  uint64_t size = 0;
  is_whole = ReadVarint(p, p + std::min(bytes.size(), kPrefixBytesMax), size);
  if (!is_whole) {
    if (bytes.size() < kPrefixBytesMax) return Status::Ok();
    return InvalidInput("invalid varint encountered");
  }
  if (size > kMessageBytesMax) return InvalidInput("metric family too large");
  prefix_size_ = static_cast<size_t>(p - bytes.data());
  whole_size_ = prefix_size_ + static_cast<size_t>(size);
  return Status::Ok();
}

}  // namespace sluice::scrape
