// Prometheus text from a target.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "page_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::fuzz::CheckTexts(sluice::scrape::PageFormat::kPrometheusText,
                           {reinterpret_cast<const char*>(data), size});
  return 0;
}
