// Virtual machines of Azure and their network interfaces, out of the answers of the Resource
// Manager. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {

// ".../resourceGroups/NAME/...", in any case; an error if there is no such part.
Result<std::string> ResourceGroupOf(std::string_view id);

// The last part of an id.
std::string ResourceNameOf(std::string_view id);

struct AzureMachine {
  std::string name;
  std::string scale_set;    // empty if it belongs to none
  std::string instance_id;  // within the scale set
  std::vector<std::string> interfaces;
  MetaLabels labels{"__meta_azure_"};
};

// Also a machine of a scale set, which looks the same.
Result<AzureMachine> ReadAzureMachine(const JsonView& machine, const std::string& scale_set);

struct AzureInterface {
  std::optional<bool> is_primary;  // nothing while its machine is deallocated
  bool has_address = false;        // an IP configuration, the first of which gives these:
  std::string private_ip;
  std::string public_ip;
};

AzureInterface ReadAzureInterface(const JsonView& interface);

}  // namespace sluice::scrape
