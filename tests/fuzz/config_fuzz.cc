// The configuration is foreign input: whatever it holds, reading it ends with a Config or with an
// error in one line. What is shown of a Config loads, and is shown the same.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "agent/config/scrape_config_files.h"
#include "base/result.h"

namespace {

using sluice::Error;
using sluice::Result;
using sluice::Status;
using sluice::agent::Config;

constexpr const char* kPath = "/etc/sluice/fuzz.yml";

std::optional<std::string> Environment(std::string_view name) {
  if (name == "HOST") return "host-1";
  return std::nullopt;
}

void CheckError(const Error& error) {
  SLUICE_CHECK(!error.message.empty());
  SLUICE_CHECK(error.message.find('\n') == std::string::npos);
}

void CheckShown(const std::string& shown) {
  // A dollar that came of an expansion would be expanded once more.
  if (shown.find('$') != std::string::npos) return;
  const Result<Config> again = sluice::agent::ParseConfig(shown, kPath, Environment);
  if (!again.ok()) return;  // what stands for a secret may not do where a secret does
  SLUICE_CHECK(again->shown == shown);
}

void CheckMainFile(const std::string& text) {
  for (const bool agent : {false, true}) {
    const Result<Config> config =
        sluice::agent::ParseConfig(text, kPath, Environment, {.agent = agent});
    if (config.ok()) {
      CheckShown(config->shown);
    } else {
      CheckError(config.error());
    }
  }
}

void CheckFurtherFile(const std::string& text) {
  Config config;
  sluice::agent::JobNames names;
  const Status status = sluice::agent::AddScrapeConfigs(text, kPath, {}, names, config);
  if (!status.ok()) CheckError(status.error());
}

void CheckRules(const std::string& text) {
  const auto rules = sluice::agent::ParseRules(text, kPath);
  if (!rules.ok()) CheckError(rules.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  CheckMainFile(text);
  CheckFurtherFile(text);
  CheckRules(text);
  return 0;
}
