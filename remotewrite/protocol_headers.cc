#include "remotewrite/protocol_headers.h"

#include <charconv>
#include <string_view>

namespace sluice::remotewrite {

namespace {

constexpr std::string_view kPrefix = "x-prometheus-remote-write-";

std::optional<uint64_t> ReadCount(std::string_view text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

}  // namespace

HttpHeaders ProtocolHeaders(const Encoding& encoding) {
  if (encoding.message == Message::kV2) {
    return {{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
            {"Content-Encoding", "snappy"},
            {"X-Prometheus-Remote-Write-Version", "2.0.0"}};
  }
  if (encoding.compression == Compression::kZstd) {
    return {{"Content-Type", "application/x-protobuf"},
            {"Content-Encoding", "zstd"},
            {"X-VictoriaMetrics-Remote-Write-Version", "1"}};
  }
  return {{"Content-Type", "application/x-protobuf"},
          {"Content-Encoding", "snappy"},
          {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
}

WrittenCounts ReadWritten(const HttpHeaders& headers) {
  WrittenCounts written;
  for (const auto& [name, value] : headers) {
    if (name.compare(0, kPrefix.size(), kPrefix) != 0) continue;
    const std::string_view rest = std::string_view(name).substr(kPrefix.size());
    if (rest == "samples-written") written.samples = ReadCount(value);
    if (rest == "histograms-written") written.histograms = ReadCount(value);
    if (rest == "exemplars-written") written.exemplars = ReadCount(value);
  }
  return written;
}

}  // namespace sluice::remotewrite
