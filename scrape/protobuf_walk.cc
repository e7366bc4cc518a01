#include "scrape/protobuf_walk.h"

#include <string>

#include "base/utf8.h"

namespace sluice::scrape {
namespace {

// Of the name of a family, and of what is said about it, which may quote names and values.
constexpr size_t kShownNameMax = 200;
constexpr size_t kShownErrorMax = 1000;

std::string Shortened(std::string_view text, size_t size) {
  if (text.size() <= size) return std::string(text);
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace

Status ProtobufWalk::Feed(std::string_view bytes) {
  if (!failure_.ok() || bytes.empty()) return failure_;
  stream_.Feed(bytes);
  failure_ = ReadMessages();
  return failure_;
}

Status ProtobufWalk::End() {
  if (!failure_.ok()) return failure_;
  if (Status status = stream_.End(); !status.ok()) {
    failure_ = InMessage(status.error());
  } else {
    failure_ = walk_.End();
  }
  return failure_;
}

Status ProtobufWalk::ReadMessages() {
  while (true) {
    std::string_view message;
    const Result<bool> next = stream_.Next(message);
    if (!next.ok()) return InMessage(next.error());
    if (!*next) return Status::Ok();
    if (Status status = ReadFamily(message); !status.ok()) return status;
    ++messages_;
  }
}

Status ProtobufWalk::ReadFamily(std::string_view message) {
  Status status = parser_.Start(message);
  if (status.ok()) status = PlaceEntries();
  if (status.ok()) return status;
  return InMessage(status.error(), parser_.family_name());
}

Status ProtobufWalk::PlaceEntries() {
  const uint64_t malformed_before = parser_.malformed_histograms();
  Status status;
  while (status.ok()) {
    const Result<bool> next = parser_.Next();
    if (next.ok() && !*next) break;
    status = next.ok() ? PlaceEntry() : Status(next.error());
  }
  walk_.CountMalformedHistograms(parser_.malformed_histograms() - malformed_before);
  return status;
}

Status ProtobufWalk::PlaceEntry() {
  const Result<bool> is_placed = walk_.PlaceKnown(parser_.key(), parser_.entry());
  if (!is_placed.ok()) return is_placed.error();
  if (*is_placed) return Status::Ok();
  if (Status status = parser_.ReadLabels(); !status.ok()) return status;
  return walk_.PlaceUnknown(parser_.key(), parser_.entry());
}

Error ProtobufWalk::InMessage(const Error& error, std::string_view family) const {
  std::string where = "message " + std::to_string(messages_ + 1);
  if (!family.empty()) where += " (family " + QuoteText(Shortened(family, kShownNameMax)) + ")";
  return Error{error.code, Shortened(error.message, kShownErrorMax)}.WithContext(where);
}

}  // namespace sluice::scrape
