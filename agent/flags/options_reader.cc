#include "agent/flags/options_reader.h"

#include <utility>

#include "agent/flags/agent_flags.h"
#include "agent/flags/flag_reader.h"
#include "agent/vmagent/vmagent_flags.h"
#include "agent/vmagent/vmagent_options.h"
#include "base/public_url.h"

namespace sluice::agent {
namespace {

constexpr FlagSpec kVersion{.name = "version", .kind = FlagSpec::Kind::kSwitch};
constexpr FlagSpec kHelp{.name = "help", .kind = FlagSpec::Kind::kSwitch};
constexpr FlagSpec kShortHelp{.name = "h", .kind = FlagSpec::Kind::kSwitch};

// Every flag with its effective value, for /api/v1/status/flags.
void ShowFlags(const FlagValues& values, Options& options) {
  for (const FlagSpec* spec : AgentFlagSpecs()) {
    const auto given = values.find(spec->name);
    if (given == values.end() && spec->help.empty()) continue;
    std::string& shown = options.flags[std::string(spec->name)];
    if (given == values.end()) {
      shown = spec->fallback;
      continue;
    }
    for (const std::string& value : given->second) {
      if (!shown.empty()) shown += ',';
      shown += PublicUrl(value);
    }
  }
}

Status FinishOptions(Options& options) {
  if (options.cluster.members == 0) options.cluster.members = 1;
  if (Status status = scrape::CheckCluster(options.cluster); !status.ok()) return status;
  Result<OwnUrl> own = OwnUrl::Make(options.external_url, options.route_prefix,
                                    options.web.listen_addresses.front());
  if (!own.ok()) return own.error().WithContext("--web.external-url");
  options.own_url = std::move(*own);
  return Status::Ok();
}

}  // namespace

std::string FlagsHelp() { return DescribeFlags(AgentFlagSpecs()); }

Result<ReadOptions> ReadOptionsFrom(std::span<const std::string> arguments,
                                    const Environment& environment) {
  FlagSpecs specs = AgentFlagSpecs();
  const FlagSpecs foreign = VmagentFlagSpecs();
  specs.insert(specs.end(), foreign.begin(), foreign.end());
  specs.insert(specs.end(), {&kVersion, &kHelp, &kShortHelp});
  const Result<FlagValues> values = ReadFlags(specs, arguments);
  if (!values.ok()) return values.error();
  ReadOptions read;
  read.version = values->contains("version");
  read.help = values->contains("help") || values->contains("h");
  if (read.version || read.help) return read;
  if (HasVmagentFlags(*values)) {
    if (Status status = ApplyVmagentFlags(*values, environment, read.options); !status.ok()) {
      return status.error();
    }
  }
  // What is said in our own words counts more.
  if (Status status = ApplyAgentFlags(*values, read.options); !status.ok()) return status.error();
  if (read.options.config_flags.agent) read.mismatched = ServerOnlyFlags(*values);
  ShowFlags(*values, read.options);
  if (Status status = FinishOptions(read.options); !status.ok()) return status.error();
  return read;
}

}  // namespace sluice::agent
