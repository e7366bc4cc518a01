#include "base/internal/response_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/internal/http_text.h"

namespace sluice::internal {
namespace {

constexpr int kNoContent = 204;
constexpr int kNotModified = 304;
constexpr int kFirstFinalStatus = 200;

bool IsToken(std::string_view value, std::string_view token) { return IsLowerAscii(value, token); }

// Of a list with commas.
bool HasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (IsToken(TrimBlank(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// All of the text, and no sign.
bool ParseWhole(std::string_view text, int base, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

ResponseReader::State ResponseReader::Done() {
  part_ = Part::kDone;
  return State::kDone;
}

bool ResponseReader::TakeLine(std::string_view& bytes, std::string_view& line) {
  if (std::exchange(partial_used_, false)) partial_.clear();
  const size_t end = bytes.find('\n');
  const size_t size = end == std::string_view::npos ? bytes.size() : end + 1;
  oversized_ = partial_.size() + size > kLineBytesMax;
  if (oversized_) return false;
  if (end != std::string_view::npos && partial_.empty()) {
    line = bytes.substr(0, size);
  } else {
    partial_.append(bytes.substr(0, size));
    line = partial_;
    partial_used_ = end != std::string_view::npos;
  }
  bytes.remove_prefix(size);
  return end != std::string_view::npos;
}

ResponseReader::State ResponseReader::Read(std::string_view bytes, ResponseSink& sink) {
  begun_ = begun_ || !bytes.empty();
  State state = State::kMore;
  while (!bytes.empty() && state == State::kMore) {
    if (part_ == Part::kSized || part_ == Part::kChunk || part_ == Part::kRest) {
      state = OnBytes(bytes, sink);
      continue;
    }
    std::string_view line;
    const bool whole = TakeLine(bytes, line);
    if (oversized_) return part_ == Part::kHead ? State::kLineTooLong : State::kBadBody;
    if (whole) {
      state = OnLine(line, sink);
    } else if (part_ == Part::kHead && status_ == 0 &&
               !std::string_view("HTTP/1.").starts_with(line.substr(0, 7))) {
      return State::kNoHttp;  // whatever follows
    }
  }
  // What follows a response that nobody asked for belongs to nothing.
  if (state == State::kDone && !bytes.empty()) reusable_ = false;
  return state;
}

ResponseReader::State ResponseReader::End() {
  reusable_ = false;
  if (!begun_) return State::kNothing;
  if (part_ == Part::kRest) return Done();
  if (part_ == Part::kHead && status_ == 0) return State::kNoHttp;
  return State::kTruncated;
}

ResponseReader::State ResponseReader::OnLine(std::string_view line, ResponseSink& sink) {
  const std::string_view text = TrimBlank(line);
  switch (part_) {
    case Part::kHead: {
      // As it stands: a status line has nothing before it.
      if (status_ == 0 && !line.starts_with("HTTP/1.")) return State::kNoHttp;
      const State state = text.empty() && status_ != 0 ? State::kMore : OnHeadLine(text);
      if (state != State::kMore) return state;
      if (!sink.TakeHeaderLine(line)) return State::kStopped;
      return text.empty() ? OnHeadEnd() : State::kMore;
    }
    case Part::kChunkSize:
      if (!ParseWhole(TrimBlank(text.substr(0, text.find(';'))), 16, left_)) return State::kBadBody;
      part_ = left_ == 0 ? Part::kTrailer : Part::kChunk;
      return State::kMore;
    case Part::kChunkEnd:
      part_ = Part::kChunkSize;
      return text.empty() ? State::kMore : State::kBadBody;
    case Part::kTrailer:
      if (!sink.TakeHeaderLine(line)) return State::kStopped;
      return text.empty() ? Done() : State::kMore;
    default:
      return State::kBadBody;
  }
}

ResponseReader::State ResponseReader::OnHeadLine(std::string_view line) {
  if (status_ == 0) {
    // "HTTP/1.1 200 OK"
    uint64_t status = 0;
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ' ||
        !ParseWhole(line.substr(9, 3), 10, status) || (line.size() > 12 && line[12] != ' ')) {
      return State::kNoHttp;
    }
    status_ = static_cast<int>(status);
    reusable_ = line[7] != '0';
    chunked_ = false;
    has_length_ = false;
    return State::kMore;
  }
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = TrimBlank(line.substr(0, colon));
  const std::string_view value = TrimBlank(line.substr(std::min(colon + 1, line.size())));
  if (IsLowerAscii(name, "content-length")) {
    uint64_t length = 0;
    // Two that differ would let the peer and us disagree on where the response ends.
    if (!ParseWhole(value, 10, length) || (has_length_ && length != left_)) {
      return State::kBadLength;
    }
    has_length_ = true;
    left_ = length;
  } else if (IsLowerAscii(name, "transfer-encoding")) {
    chunked_ = chunked_ || HasToken(value, "chunked");
  } else if (IsLowerAscii(name, "connection")) {
    if (HasToken(value, "close")) reusable_ = false;
    if (HasToken(value, "keep-alive")) reusable_ = true;
  }
  return State::kMore;
}

ResponseReader::State ResponseReader::OnHeadEnd() {
  if (status_ < kFirstFinalStatus) {
    status_ = 0;
    return State::kMore;
  }
  if (status_ == kNoContent || status_ == kNotModified) return Done();
  if (chunked_) {
    part_ = Part::kChunkSize;
    return State::kMore;
  }
  if (has_length_) {
    part_ = Part::kSized;
    return left_ == 0 ? Done() : State::kMore;
  }
  part_ = Part::kRest;
  return State::kMore;
}

ResponseReader::State ResponseReader::OnBytes(std::string_view& bytes, ResponseSink& sink) {
  std::string_view piece = bytes;
  if (part_ != Part::kRest) piece = piece.substr(0, left_);
  bytes.remove_prefix(piece.size());
  if (!sink.TakeBody(piece)) return State::kStopped;
  if (part_ == Part::kRest) return State::kMore;
  left_ -= piece.size();
  if (left_ > 0) return State::kMore;
  if (part_ == Part::kSized) return Done();
  part_ = Part::kChunkEnd;
  return State::kMore;
}

}  // namespace sluice::internal
