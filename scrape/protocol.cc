#include "scrape/protocol.h"

#include <algorithm>

namespace sluice::scrape {
namespace {

std::string_view MediaRange(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kOpenMetricsText0_0_1:
      return "application/openmetrics-text;version=0.0.1";
    case ScrapeProtocol::kOpenMetricsText1_0_0:
      return "application/openmetrics-text;version=1.0.0";
    case ScrapeProtocol::kPrometheusProto:
      return "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
             "encoding=delimited";
    case ScrapeProtocol::kPrometheusText0_0_4:
      return "text/plain;version=0.0.4";
    case ScrapeProtocol::kPrometheusText1_0_0:
      return "text/plain;version=1.0.0";
  }
  return {};
}

// The other formats know no names that would need it.
bool HasEscaping(ScrapeProtocol protocol) {
  return protocol == ScrapeProtocol::kPrometheusText1_0_0 ||
         protocol == ScrapeProtocol::kOpenMetricsText1_0_0;
}

}  // namespace

std::optional<ScrapeProtocol> FindScrapeProtocol(std::string_view name) {
  const auto* const found =
      std::find(kScrapeProtocolNames.begin(), kScrapeProtocolNames.end(), name);
  if (found == kScrapeProtocolNames.end()) return std::nullopt;
  return static_cast<ScrapeProtocol>(found - kScrapeProtocolNames.begin());
}

std::optional<NameEscaping> FindNameEscaping(std::string_view name) {
  const auto* const found = std::find(kNameEscapingNames.begin(), kNameEscapingNames.end(), name);
  if (found == kNameEscapingNames.end()) return std::nullopt;
  return static_cast<NameEscaping>(found - kNameEscapingNames.begin());
}

PageFormat FormatOf(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kOpenMetricsText0_0_1:
    case ScrapeProtocol::kOpenMetricsText1_0_0:
      return PageFormat::kOpenMetrics;
    case ScrapeProtocol::kPrometheusText0_0_4:
    case ScrapeProtocol::kPrometheusText1_0_0:
      return PageFormat::kPrometheusText;
    case ScrapeProtocol::kPrometheusProto:
      return PageFormat::kProtobuf;
  }
  return PageFormat::kPrometheusText;
}

std::vector<ScrapeProtocol> DefaultScrapeProtocols(bool native_histograms) {
  std::vector<ScrapeProtocol> protocols;
  if (native_histograms) protocols.push_back(ScrapeProtocol::kPrometheusProto);
  for (const ScrapeProtocol protocol :
       {ScrapeProtocol::kOpenMetricsText1_0_0, ScrapeProtocol::kOpenMetricsText0_0_1,
        ScrapeProtocol::kPrometheusText1_0_0, ScrapeProtocol::kPrometheusText0_0_4}) {
    protocols.push_back(protocol);
  }
  return protocols;
}

std::string AcceptHeader(const std::vector<ScrapeProtocol>& protocols, NameEscaping escaping) {
  std::string header;
  size_t weight = kScrapeProtocolNames.size() + 1;  // tenths
  for (const ScrapeProtocol protocol : protocols) {
    header += MediaRange(protocol);
    if (HasEscaping(protocol)) {
      header.append(";escaping=").append(kNameEscapingNames.at(static_cast<size_t>(escaping)));
    }
    header.append(";q=0.").append(std::to_string(weight--)) += ',';
  }
  return header + "*/*;q=0." + std::to_string(weight);
}

}  // namespace sluice::scrape
