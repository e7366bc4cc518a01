// The protobuf format from a target: a byte of rules for histograms, the size of the first body as
// two bytes, that body and the one of the next scrape.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "page_check.h"

namespace {

sluice::scrape::HistogramRules RulesOf(uint8_t bits) {
  sluice::scrape::HistogramRules rules;
  rules.native = (bits & 1) != 0;
  rules.always_classic = (bits & 2) != 0;
  rules.to_custom_buckets = (bits & 4) != 0;
  rules.bucket_limit = (bits >> 3) & 7;
  rules.schema_max = (bits & 64) != 0 ? 1 : sluice::proto::kSchemaMax;
  return rules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kHeader = 3;
  if (size < kHeader) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + kHeader, size - kHeader);
  const size_t middle = std::min<size_t>(data[1] + data[2] * 256U, rest.size());
  sluice::fuzz::CheckPages(sluice::scrape::PageFormat::kProtobuf,
                           {rest.substr(0, middle), rest.substr(middle)}, RulesOf(data[0]));
  return 0;
}
