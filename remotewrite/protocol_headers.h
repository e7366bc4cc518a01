// The headers of remote write: those of requests, and what answers say in theirs.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "remotewrite/protocol.h"

namespace sluice::remotewrite {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

HttpHeaders ProtocolHeaders(const Encoding& encoding);

// X-Prometheus-Remote-Write-{Samples,Histograms,Exemplars}-Written; what is no number is not there.
// `headers` with names in lower case.
WrittenCounts ReadWritten(const HttpHeaders& headers);

}  // namespace sluice::remotewrite
