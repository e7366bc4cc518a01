// The configuration file is foreign input: whatever it holds, reading it ends with a Config or with
// an error in one line.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HOST") return "host-1";
    return std::nullopt;
  };
  const auto config = sluice::agent::ParseConfig(text, "/etc/sluice/fuzz.yml", environment);
  if (!config.ok()) {
    SLUICE_CHECK(!config.error().message.empty());
    SLUICE_CHECK(config.error().message.find('\n') == std::string::npos);
  }
  return 0;
}
