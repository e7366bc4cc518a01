// Answers of the API of EC2, in XML. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/xml.h"
#include "relabel/labels.h"

namespace sluice::scrape {

// Ids of availability zones by their names, which mean something else in each account.
using Ec2Zones = std::map<std::string, std::string, std::less<>>;

Ec2Zones ReadEc2Zones(const XmlElement& answer);

struct Ec2Context {
  std::string region;
  uint16_t port = 80;
  Ec2Zones zones;
};

// One of the instances in a reservation. No labels if it has neither a private IPv4 address nor an
// IPv6 one: it is left out.
Result<relabel::Labels> ReadEc2Instance(const XmlElement& instance, const XmlElement& reservation,
                                        const Ec2Context& context);

}  // namespace sluice::scrape
