// Metadata for remote write 1.0, which has it in requests of its own: every interval all that is
// known, in batches, one after another. Remote write 2.0 has it with each series.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proto/body_compressor.h"
#include "proto/write_request.h"
#include "remotewrite/family_book.h"

namespace sluice::remotewrite {

// Prometheus's metadata_config, with its defaults.
struct MetadataConfig {
  bool send = true;
  std::chrono::milliseconds send_interval{60'000};
  uint32_t max_samples_per_send = 2'000;  // families, that is
};

// A state machine without clock and socket. Bound to one thread.
//
// A failed batch is given up, as is the rest of its round: the next round has it all again.
class MetadataSender {
 public:
  MetadataSender(const MetadataConfig& config, MonotonicTime now);

  // Whether a round is to begin.
  bool IsDue(MonotonicTime now) const;

  // Begins one. Entries that are equal in all they say are one.
  void Begin(const std::vector<std::shared_ptr<const ChunkFamilies>>& families, MonotonicTime now);

  // The body of the next request, snappy; null while there is one on its way, and after the last.
  std::shared_ptr<const std::string> Next();

  // Its answer; 0 for none.
  void OnAnswer(int http_status);

  // Families since the start.
  uint64_t accepted() const { return accepted_; }

  uint64_t failed() const { return failed_; }

 private:
  struct Entry {
    std::shared_ptr<const ChunkFamilies> chunk;  // holds it
    buffer::FamilyView family;
  };

  // Set once.
  const MetadataConfig config_;

  MonotonicTime due_at_;
  std::deque<Entry> left_;     // of the round
  uint32_t on_their_way_ = 0;  // entries
  proto::RequestWriter writer_;
  proto::SnappyCompressor snappy_;
  uint64_t accepted_ = 0;
  uint64_t failed_ = 0;
};

}  // namespace sluice::remotewrite
