// Reads a body of the protobuf format against what is remembered of the one before.
//
// The labels of a series that is known are never decoded: its key is their bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "scrape/message_stream.h"
#include "scrape/page_reader.h"
#include "scrape/page_walk.h"
#include "scrape/protobuf_parser.h"

namespace sluice::scrape {

// Thread-compatible; for one body.
class ProtobufWalk final : public PageReader {
 public:
  // `walk` must outlive it.
  ProtobufWalk(PageWalk& walk, const HistogramRules& rules) : walk_(walk), parser_(rules) {}

  // Errors start with `message N: ` or, once that is known, `message N (family "NAME"): `.
  Status Feed(std::string_view bytes) override;
  Status End() override;

 private:
  Status ReadMessages();
  Status ReadFamily(std::string_view message);
  Status PlaceEntries();
  Status PlaceEntry();
  Error InMessage(const Error& error, std::string_view family = {}) const;

  PageWalk& walk_;
  MessageStream stream_;
  ProtobufParser parser_;
  uint64_t messages_ = 0;  // done
  Status failure_;
};

}  // namespace sluice::scrape
