// One HTTP/1.1 response read off a connection (RFC 9112), as its bytes arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::internal {

// Gets what a response consists of. False ends the reading.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;

  // A line of a head, its end included: the status line, headers, the empty line; those of interim
  // responses (1xx) too, and those of trailers.
  virtual bool TakeHeaderLine(std::string_view line) = 0;

  // A piece of the body, as it was before the transfer was encoded.
  virtual bool TakeBody(std::string_view bytes) = 0;
};

// Holds at most one line. To a GET: what answers a HEAD would be waited for. Thread-compatible.
class ResponseReader {
 public:
  enum class State {
    kMore,
    kDone,
    kStopped,      // by the sink
    kNoHttp,       // no status line
    kLineTooLong,  // of a head
    kBadLength,
    kBadBody,    // no chunks, or no length, where there have to be some
    kTruncated,  // the peer closed amid the response
    kNothing,    // the peer closed before it
  };

  static constexpr size_t kLineBytesMax = 100 * 1024;  // as in libcurl

  State Read(std::string_view bytes, ResponseSink& sink);

  // The peer closed the connection: is the response whole?
  State End();

  // Whether a byte of the response arrived.
  bool begun() const { return begun_; }

  // Once done: whether the connection may carry another response.
  bool reusable() const { return reusable_; }

 private:
  enum class Part { kHead, kSized, kChunkSize, kChunk, kChunkEnd, kTrailer, kRest, kDone };

  // Takes one line off the front of `bytes`; false when it is not whole yet.
  bool TakeLine(std::string_view& bytes, std::string_view& line);
  State OnLine(std::string_view line, ResponseSink& sink);
  State OnHeadLine(std::string_view line);
  State OnHeadEnd();
  State OnBytes(std::string_view& bytes, ResponseSink& sink);
  State Done();

  Part part_ = Part::kHead;
  bool begun_ = false;
  bool reusable_ = true;
  bool oversized_ = false;
  std::string partial_;  // a line that has not ended
  bool partial_used_ = false;

  // Of the head that is being read.
  int status_ = 0;  // 0 before the status line
  bool chunked_ = false;
  bool has_length_ = false;
  uint64_t left_ = 0;  // of the body, or of the chunk
};

}  // namespace sluice::internal
