#include "scrape/protocol.h"

#include <algorithm>

namespace sluice::scrape {
namespace {

std::string_view MediaRange(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kOpenMetricsText0_0_1:
      return "application/openmetrics-text;version=0.0.1";
    case ScrapeProtocol::kOpenMetricsText1_0_0:
      return "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8";
    case ScrapeProtocol::kPrometheusProto:
      return "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
             "encoding=delimited";
    case ScrapeProtocol::kPrometheusText0_0_4:
      return "text/plain;version=0.0.4";
    case ScrapeProtocol::kPrometheusText1_0_0:
      return "text/plain;version=1.0.0;escaping=allow-utf-8";
  }
  return {};
}

}  // namespace

std::optional<ScrapeProtocol> FindScrapeProtocol(std::string_view name) {
  const auto* const found =
      std::find(kScrapeProtocolNames.begin(), kScrapeProtocolNames.end(), name);
  if (found == kScrapeProtocolNames.end()) return std::nullopt;
  return static_cast<ScrapeProtocol>(found - kScrapeProtocolNames.begin());
}

std::optional<PageFormat> FormatOf(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kOpenMetricsText0_0_1:
    case ScrapeProtocol::kOpenMetricsText1_0_0:
      return PageFormat::kOpenMetrics;
    case ScrapeProtocol::kPrometheusText0_0_4:
    case ScrapeProtocol::kPrometheusText1_0_0:
      return PageFormat::kPrometheusText;
    case ScrapeProtocol::kPrometheusProto:
      return std::nullopt;
  }
  return std::nullopt;
}

std::vector<ScrapeProtocol> DefaultScrapeProtocols() {
  return {ScrapeProtocol::kOpenMetricsText1_0_0, ScrapeProtocol::kOpenMetricsText0_0_1,
          ScrapeProtocol::kPrometheusText1_0_0, ScrapeProtocol::kPrometheusText0_0_4};
}

std::string AcceptHeader(const std::vector<ScrapeProtocol>& protocols) {
  std::string header;
  size_t weight = kScrapeProtocolNames.size() + 1;  // tenths
  for (const ScrapeProtocol protocol : protocols) {
    if (IsReadable(protocol)) {
      header.append(MediaRange(protocol)).append(";q=0.").append(std::to_string(weight)) += ',';
    }
    --weight;
  }
  return header + "*/*;q=0." + std::to_string(weight);
}

}  // namespace sluice::scrape
