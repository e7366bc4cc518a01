// What the lists of OpenStack hold, joined: floating addresses belong to ports, ports to instances
// or load balancers. Pure. Bound to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "relabel/labels.h"

namespace sluice::scrape {

// Lists are read in the order in which they are joined: ports, floating addresses, then servers;
// floating addresses, listeners, then load balancers.
class OpenStackInventory {
 public:
  struct Port {
    std::string id;
    std::string device;  // the id of what it is plugged into
  };

  struct FloatingIp {
    std::string project;
    std::string port;
    std::string fixed;     // the address that it leads to; empty if to none
    std::string floating;  // the address itself
  };

  struct Listener {
    std::vector<std::string> load_balancers;
    std::string protocol;
    int64_t port = 0;
  };

  static Result<Port> ReadPort(const JsonView& port);
  static Result<FloatingIp> ReadFloatingIp(const JsonView& ip);
  static Result<Listener> ReadListener(const JsonView& listener);

  void Take(Port port);
  void Take(FloatingIp ip);
  void Take(const Listener& listener);

  // A target for each address that is not a floating one; none for a server without addresses.
  Result<std::vector<relabel::Labels>> ReadServer(const JsonView& server, uint16_t port) const;

  static Result<relabel::Labels> ReadHypervisor(const JsonView& hypervisor, uint16_t port);

  // No labels if it does not expose metrics: without a listener for them.
  Result<relabel::Labels> ReadLoadBalancer(const JsonView& balancer) const;

 private:
  struct FixedIp {
    std::string project;
    std::string device;
    std::string address;

    auto operator<=>(const FixedIp&) const = default;
  };

  std::map<std::string, std::string> devices_;        // by port
  std::map<FixedIp, std::string> floating_by_fixed_;  // of ports that are known
  std::set<std::string, std::less<>> floating_;       // the same
  std::map<std::string, std::string, std::less<>> floating_by_port_;
  // The first port for metrics of each load balancer.
  std::map<std::string, int64_t, std::less<>> metrics_ports_;
};

}  // namespace sluice::scrape
