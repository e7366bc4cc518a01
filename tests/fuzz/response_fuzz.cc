// An HTTP response: any bytes, in pieces of any size, are read alike, and what is handed on was in
// them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/internal/response_reader.h"
#include "base/result.h"

namespace {

using sluice::internal::ResponseReader;

struct Recorder final : sluice::internal::ResponseSink {
  bool TakeHeaderLine(std::string_view line) override {
    taken += line;
    return true;
  }

  bool TakeBody(std::string_view bytes) override {
    taken += bytes;
    return true;
  }

  std::string taken;
};

ResponseReader::State Read(std::string_view text, size_t step, std::string& taken) {
  ResponseReader reader;
  Recorder sink;
  ResponseReader::State state = ResponseReader::State::kMore;
  while (!text.empty() && state == ResponseReader::State::kMore) {
    state = reader.Read(text.substr(0, step), sink);
    text.remove_prefix(std::min(step, text.size()));
  }
  if (state == ResponseReader::State::kMore) state = reader.End();
  taken = sink.taken;
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string whole;
  std::string pieces;
  const auto state = Read(text, size, whole);
  SLUICE_CHECK(Read(text, 1 + data[0], pieces) == state);
  SLUICE_CHECK(whole == pieces);
  SLUICE_CHECK(whole.size() <= text.size());
  return 0;
}
