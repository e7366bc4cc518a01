// The quarantine: what a receiver refused for good, with its words, kept for people to look at and
// to send again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log_file.h"
#include "base/result.h"

namespace sluice::remotewrite {

struct QuarantineOptions {
  std::string directory;  // created with the first entry; empty = nothing is kept
  // Of each destination. A file that reaches half of it takes the place of the one before, so that
  // the oldest entries go.
  uint64_t bytes_max = 16ULL << 20;
};

struct QuarantineEntry {
  uint64_t samples = 0;
  std::string tenant = {};  // empty: nobody's
  std::string series;       // one of them
  int http_status = 0;
  std::string answer;
  std::string protocol;                        // EncodingName() of the request
  std::shared_ptr<const std::string> request;  // the body that was refused, as it was sent
};

// Of one destination: JSON lines in DIRECTORY/NAME.jsonl and .jsonl.1, with the bytes of the name
// that are no letters, digits, dots, dashes or underscores as %XX. Thread-compatible.
class Quarantine {
 public:
  // The file is named by `destination`, its entries say `shown`, or else the same.
  Quarantine(QuarantineOptions options, const std::string& destination, std::string shown = {});

  // Blocking. A failure loses this entry only.
  Status Add(TimestampMs now, const QuarantineEntry& entry);

 private:
  const QuarantineOptions options_;
  const std::string destination_;
  LogFile file_;
  bool open_ = false;
};

struct QuarantineListing {
  std::string destination{};  // only its entries; empty = all
  bool json = false;          // the lines as they are, requests included
};

// The words of `sluice buffer quarantine`: the entries, oldest first for each destination. Works
// while the files are written to; lines that cannot be read are counted. Blocking.
Status ListQuarantine(const std::string& directory, const QuarantineListing& listing,
                      std::ostream& out);

// What a receiver said of a series when it refused samples of it for good.
struct Refusal {
  std::string time;    // RFC 3339
  std::string status;  // of HTTP
  std::string answer;
};

// The last one of this destination, by the name it is shown by, that an entry tells of this series;
// nothing when none does. An entry names one series, mostly the only one. Blocking.
Result<std::optional<Refusal>> FindRefusal(const std::string& directory,
                                           std::string_view destination, std::string_view series);

}  // namespace sluice::remotewrite
