#include "scrape/discovery/openstack/openstack_inventory.h"

#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_openstack_";

// The name since version 2.47 of the API, before that the id.
Result<std::string> FlavorOf(const JsonView& flavor) {
  const JsonView name = flavor["original_name"];
  const JsonView id = flavor["id"];
  if (!name && !id) return InvalidInput("a server without a flavor");
  return std::string(name ? name.Text() : id.Text());
}

std::string Joined(const std::vector<std::string_view>& texts) {
  std::string joined;
  for (const std::string_view text : texts) {
    if (!joined.empty()) joined += ',';
    joined += text;
  }
  return joined;
}

}  // namespace

Result<OpenStackInventory::Port> OpenStackInventory::ReadPort(const JsonView& port) {
  return Port{std::string(port["id"].Text()), std::string(port["device_id"].Text())};
}

Result<OpenStackInventory::FloatingIp> OpenStackInventory::ReadFloatingIp(const JsonView& ip) {
  return FloatingIp{.project = std::string(ip["tenant_id"].Text()),
                    .port = std::string(ip["port_id"].Text()),
                    .fixed = std::string(ip["fixed_ip_address"].Text()),
                    .floating = std::string(ip["floating_ip_address"].Text())};
}

Result<OpenStackInventory::Listener> OpenStackInventory::ReadListener(const JsonView& listener) {
  Listener read;
  read.protocol = listener["protocol"].Text();
  read.port = listener["protocol_port"].Integer();
  for (const JsonView& balancer : listener["loadbalancers"].Items()) {
    read.load_balancers.emplace_back(balancer["id"].Text());
  }
  return read;
}

void OpenStackInventory::Take(Port port) {
  devices_.insert_or_assign(std::move(port.id), std::move(port.device));
}

void OpenStackInventory::Take(FloatingIp ip) {
  if (ip.port.empty()) return;
  floating_by_port_.insert_or_assign(ip.port, ip.floating);
  const auto device = devices_.find(ip.port);
  if (ip.fixed.empty() || device == devices_.end()) return;
  floating_.insert(ip.floating);
  floating_by_fixed_.insert_or_assign(
      FixedIp{std::move(ip.project), device->second, std::move(ip.fixed)}, std::move(ip.floating));
}

void OpenStackInventory::Take(const Listener& listener) {
  if (listener.protocol != "PROMETHEUS") return;
  for (const std::string& balancer : listener.load_balancers) {
    metrics_ports_.emplace(balancer, listener.port);
  }
}

Result<std::vector<relabel::Labels>> OpenStackInventory::ReadServer(const JsonView& server,
                                                                    uint16_t port) const {
  std::vector<relabel::Labels> targets;
  const auto pools = server["addresses"].Entries();
  if (pools.empty()) return targets;
  const Result<std::string> flavor = FlavorOf(server["flavor"]);
  if (!flavor.ok()) return flavor.error();
  const std::string id(server["id"].Text());
  const std::string project(server["tenant_id"].Text());
  MetaLabels common(kPrefix);
  common.Add("instance_id", id);
  common.Add("instance_status", server["status"].Text());
  common.Add("instance_name", server["name"].Text());
  common.Add("instance_flavor", *flavor);
  common.Add("project_id", project);
  common.Add("user_id", server["user_id"].Text());
  // One that was started from a volume has an empty text instead.
  if (server["image"].is_object()) common.Add("instance_image", server["image"]["id"].Text());
  common.AddAll("tag_", server["metadata"]);
  for (const auto& [pool, addresses] : pools) {
    for (const JsonView& entry : addresses.Items()) {
      const std::string_view address = entry["addr"].Text();
      if (floating_.contains(address)) continue;
      MetaLabels labels = common;
      labels.Add("address_pool", pool);
      labels.Add("private_ip", address);
      const auto floating = floating_by_fixed_.find({project, id, std::string(address)});
      if (floating != floating_by_fixed_.end()) labels.Add("public_ip", floating->second);
      targets.push_back(labels.Target(HostPort(address, std::to_string(port))));
    }
  }
  return targets;
}

Result<relabel::Labels> OpenStackInventory::ReadHypervisor(const JsonView& hypervisor,
                                                           uint16_t port) {
  const std::string_view ip = hypervisor["host_ip"].Text();
  MetaLabels labels(kPrefix);
  labels.Add("hypervisor_id", IdText(hypervisor["id"]));
  labels.Add("hypervisor_hostname", hypervisor["hypervisor_hostname"].Text());
  labels.Add("hypervisor_host_ip", ip);
  labels.Add("hypervisor_status", hypervisor["status"].Text());
  labels.Add("hypervisor_state", hypervisor["state"].Text());
  labels.Add("hypervisor_type", hypervisor["hypervisor_type"].Text());
  return labels.Target(HostPort(ip, std::to_string(port)));
}

Result<relabel::Labels> OpenStackInventory::ReadLoadBalancer(const JsonView& balancer) const {
  const std::string_view id = balancer["id"].Text();
  const auto port = metrics_ports_.find(id);
  if (port == metrics_ports_.end()) return relabel::Labels();
  const std::string_view vip = balancer["vip_address"].Text();
  MetaLabels labels(kPrefix);
  labels.Add("loadbalancer_id", id);
  labels.Add("loadbalancer_name", balancer["name"].Text());
  labels.Add("loadbalancer_operating_status", balancer["operating_status"].Text());
  labels.Add("loadbalancer_provisioning_status", balancer["provisioning_status"].Text());
  labels.Add("loadbalancer_availability_zone", balancer["availability_zone"].Text());
  labels.Add("loadbalancer_vip", vip);
  labels.Add("loadbalancer_provider", balancer["provider"].Text());
  labels.Add("loadbalancer_tags", Joined(balancer["tags"].Texts()));
  labels.Add("project_id", balancer["project_id"].Text());
  const auto floating = floating_by_port_.find(balancer["vip_port_id"].Text());
  if (floating != floating_by_port_.end()) labels.Add("loadbalancer_floating_ip", floating->second);
  return labels.Target(HostPort(vip, std::to_string(port->second)));
}

}  // namespace sluice::scrape
