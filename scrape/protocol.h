// The exposition formats that a target can be asked for.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scrape/entry.h"

namespace sluice::scrape {

enum class ScrapeProtocol {
  kOpenMetricsText0_0_1,
  kOpenMetricsText1_0_0,
  kPrometheusProto,
  kPrometheusText0_0_4,
  kPrometheusText1_0_0,
};

// As configuration files name them, in the order of the enumeration.
inline constexpr std::array<std::string_view, 5> kScrapeProtocolNames = {
    "OpenMetricsText0.0.1", "OpenMetricsText1.0.0", "PrometheusProto", "PrometheusText0.0.4",
    "PrometheusText1.0.0"};

// Case matters. Nothing for other names.
std::optional<ScrapeProtocol> FindScrapeProtocol(std::string_view name);

// How a target is asked to write names that are not legacy ones.
enum class NameEscaping { kAllowUtf8, kUnderscores, kDots, kValues };

// As configuration files and the header Accept name them, in the order of the enumeration.
inline constexpr std::array<std::string_view, 4> kNameEscapingNames = {"allow-utf-8", "underscores",
                                                                       "dots", "values"};

// Nothing for other names.
std::optional<NameEscaping> FindNameEscaping(std::string_view name);

// How its answers are read.
PageFormat FormatOf(ScrapeProtocol protocol);

// Prometheus's list for a job that does not say.
std::vector<ScrapeProtocol> DefaultScrapeProtocols(bool native_histograms = false);

// The header Accept with which Prometheus would ask for these, in the order of preference, and for
// names written in this manner.
std::string AcceptHeader(const std::vector<ScrapeProtocol>& protocols, NameEscaping escaping);

}  // namespace sluice::scrape
