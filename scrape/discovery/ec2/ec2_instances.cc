#include "scrape/discovery/ec2/ec2_instances.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/xml_values.h"

namespace sluice::scrape {
namespace {

// The place of a primary address in its list is the index of its device; no instance has so many.
constexpr int64_t kDevicesMax = 256;

// The label, and the element that it is the text of.
constexpr std::pair<const char*, const char*> kTexts[] = {
    {"instance_id", "instanceId"},
    {"private_ip", "privateIpAddress"},
    {"private_dns_name", "privateDnsName"},
    {"platform", "platform"},
    {"public_ip", "ipAddress"},
    {"ami", "imageId"},
    {"instance_type", "instanceType"},
    {"instance_lifecycle", "instanceLifecycle"},
    {"architecture", "architecture"},
};

// `<SET><item>...</item><item>...</item></SET>`
std::vector<const XmlElement*> ItemsOf(const XmlElement& parent, std::string_view set) {
  const XmlElement* list = parent.Child(set);
  return list == nullptr ? std::vector<const XmlElement*>() : list->All("item");
}

std::string_view NestedText(const XmlElement& parent, std::string_view child,
                            std::string_view name) {
  const XmlElement* element = parent.Child(child);
  return element == nullptr ? std::string_view() : element->TextOf(name);
}

struct Ipv6Addresses {
  std::vector<std::string_view> all;
  std::vector<std::string_view> primary;  // by index of the device; empty where there is none

  std::string_view Default() const {
    for (const auto* list : {&primary, &all}) {
      const auto found = std::find_if(list->begin(), list->end(),
                                      [](std::string_view address) { return !address.empty(); });
      if (found != list->end()) return *found;
    }
    return {};
  }
};

Status TakePrimary(const XmlElement& interface, std::string_view address,
                   Ipv6Addresses& addresses) {
  const std::string_view text = NestedText(interface, "attachment", "deviceIndex");
  if (text.empty()) return Status::Ok();
  const Result<int64_t> index = XmlInteger(text);
  if (!index.ok()) return index.error().WithContext("deviceIndex");
  if (*index < 0) return Status::Ok();
  if (*index >= kDevicesMax) return InvalidInput("deviceIndex: too large");
  if (addresses.primary.size() <= static_cast<size_t>(*index)) {
    addresses.primary.resize(static_cast<size_t>(*index) + 1);
  }
  addresses.primary[static_cast<size_t>(*index)] = address;
  return Status::Ok();
}

// Of the interfaces that are in a subnet.
Result<Ipv6Addresses> ReadIpv6Addresses(const std::vector<const XmlElement*>& interfaces) {
  Ipv6Addresses addresses;
  for (const XmlElement* interface : interfaces) {
    for (const XmlElement* item : ItemsOf(*interface, "ipv6AddressesSet")) {
      const std::string_view address = item->TextOf("ipv6Address");
      if (address.empty()) continue;
      addresses.all.push_back(address);
      const Result<bool> is_primary = XmlBool(item->TextOf("isPrimaryIpv6"));
      if (!is_primary.ok()) return is_primary.error().WithContext("isPrimaryIpv6");
      if (!*is_primary) continue;
      Status status = TakePrimary(*interface, address, addresses);
      if (!status.ok()) return status.error();
    }
  }
  return addresses;
}

// Each once, in their order.
std::vector<std::string_view> SubnetsOf(const std::vector<const XmlElement*>& interfaces) {
  std::vector<std::string_view> subnets;
  for (const XmlElement* interface : interfaces) {
    const std::string_view subnet = interface->TextOf("subnetId");
    if (std::find(subnets.begin(), subnets.end(), subnet) == subnets.end()) {
      subnets.push_back(subnet);
    }
  }
  return subnets;
}

void AddZone(const XmlElement& instance, const Ec2Zones& zones, MetaLabels& labels) {
  const std::string_view zone = NestedText(instance, "placement", "availabilityZone");
  labels.Add("availability_zone", zone);
  const auto id = zones.find(zone);
  if (id != zones.end()) labels.Add("availability_zone_id", id->second);
}

void AddTags(const XmlElement& instance, MetaLabels& labels) {
  for (const XmlElement* tag : ItemsOf(instance, "tagSet")) {
    const std::string_view key = tag->TextOf("key");
    if (!key.empty()) labels.Add("tag_" + SanitizedLabelName(key), tag->TextOf("value"));
  }
}

}  // namespace

Ec2Zones ReadEc2Zones(const XmlElement& answer) {
  Ec2Zones zones;
  for (const XmlElement* zone : ItemsOf(answer, "availabilityZoneInfo")) {
    zones.emplace(zone->TextOf("zoneName"), zone->TextOf("zoneId"));
  }
  return zones;
}

Result<relabel::Labels> ReadEc2Instance(const XmlElement& instance, const XmlElement& reservation,
                                        const Ec2Context& context) {
  const bool is_in_vpc = !instance.TextOf("vpcId").empty();
  std::vector<const XmlElement*> interfaces;
  if (is_in_vpc) interfaces = ItemsOf(instance, "networkInterfaceSet");
  std::erase_if(interfaces,
                [](const XmlElement* interface) { return interface->TextOf("subnetId").empty(); });
  const Result<Ipv6Addresses> ipv6 = ReadIpv6Addresses(interfaces);
  if (!ipv6.ok()) return ipv6.error();
  const std::string_view private_ip = instance.TextOf("privateIpAddress");
  const std::string_view address = private_ip.empty() ? ipv6->Default() : private_ip;
  if (address.empty()) return relabel::Labels();
  MetaLabels labels("__meta_ec2_");
  labels.Add("region", context.region);
  labels.Add("owner_id", reservation.TextOf("ownerId"));
  for (const auto& [label, element] : kTexts) labels.Add(label, instance.TextOf(element));
  labels.Add("instance_state", NestedText(instance, "instanceState", "name"));
  if (!instance.TextOf("ipAddress").empty()) {
    labels.Add("public_dns_name", instance.TextOf("dnsName"));
  }
  AddZone(instance, context.zones, labels);
  labels.Add("default_ipv6_address", ipv6->Default());
  if (!ipv6->primary.empty()) {
    labels.Add("primary_ipv6_addresses", WrappedList(ipv6->primary, ","));
  }
  if (!ipv6->all.empty()) labels.Add("ipv6_addresses", WrappedList(ipv6->all, ","));
  if (is_in_vpc) {
    labels.Add("vpc_id", instance.TextOf("vpcId"));
    labels.Add("primary_subnet_id", instance.TextOf("subnetId"));
    labels.Add("subnet_id", WrappedList(SubnetsOf(interfaces), ","));
  }
  AddTags(instance, labels);
  return labels.Target(HostPort(address, std::to_string(context.port)));
}

}  // namespace sluice::scrape
