#include "scrape/discovery/azure/azure_machine.h"

#include <algorithm>

#include "base/utf8.h"

namespace sluice::scrape {
namespace {

bool IsSameInLowerCase(char c, char lower) {
  return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) == lower;
}

}  // namespace

Result<std::string> ResourceGroupOf(std::string_view id) {
  constexpr std::string_view kPart = "/resourcegroups/";
  const auto* const part =
      std::search(id.begin(), id.end(), kPart.begin(), kPart.end(), IsSameInLowerCase);
  std::string_view group;
  if (part != id.end()) group = id.substr(static_cast<size_t>(part - id.begin()) + kPart.size());
  group = group.substr(0, group.find('/'));
  if (group.empty()) return InvalidInput("not the id of a resource: " + QuoteText(id));
  return std::string(group);
}

std::string ResourceNameOf(std::string_view id) {
  const size_t slash = id.rfind('/');
  return std::string(slash == std::string_view::npos ? id : id.substr(slash + 1));
}

Result<AzureMachine> ReadAzureMachine(const JsonView& machine, const std::string& scale_set) {
  const std::string_view id = machine["id"].Text();
  const Result<std::string> group = ResourceGroupOf(id);
  if (!group.ok()) return group.error();
  const JsonView properties = machine["properties"];
  AzureMachine read;
  read.name = machine["name"].Text();
  read.scale_set = scale_set;
  read.instance_id = machine["instanceId"].Text();
  for (const JsonView& interface : properties["networkProfile"]["networkInterfaces"].Items()) {
    read.interfaces.emplace_back(interface["id"].Text());
  }
  read.labels.Add("machine_id", id);
  read.labels.Add("machine_name", read.name);
  read.labels.Add("machine_computer_name", properties["osProfile"]["computerName"].Text());
  read.labels.Add("machine_os_type", properties["storageProfile"]["osDisk"]["osType"].Text());
  read.labels.Add("machine_location", machine["location"].Text());
  read.labels.Add("machine_resource_group", *group);
  read.labels.Add("machine_size", properties["hardwareProfile"]["vmSize"].Text());
  read.labels.Add("machine_scale_set", scale_set);
  read.labels.AddAll("machine_tag_", machine["tags"]);
  return read;
}

AzureInterface ReadAzureInterface(const JsonView& interface) {
  const JsonView properties = interface["properties"];
  AzureInterface read;
  if (const JsonView primary = properties["primary"]) read.is_primary = primary.Bool();
  // Without properties it is one to pass over, not a sign of a deallocated machine.
  if (!properties) read.is_primary = false;
  const std::vector<JsonView> addresses = properties["ipConfigurations"].Items();
  if (addresses.empty()) return read;
  const JsonView address = addresses.front()["properties"];
  read.has_address = true;
  read.private_ip = address["privateIPAddress"].Text();
  read.public_ip = address["publicIPAddress"]["properties"]["ipAddress"].Text();
  return read;
}

}  // namespace sluice::scrape
