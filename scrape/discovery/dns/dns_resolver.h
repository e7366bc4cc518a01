// Questions to name servers: the only place that includes c-ares.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/dns/dns_sd_config.h"

namespace sluice::scrape {

struct DnsRecord {
  std::string target;  // an address, or an absolute name: "host.example.org."
  uint16_t port = 0;   // of SRV records

  friend bool operator==(const DnsRecord&, const DnsRecord&) = default;
};

struct DnsAnswer {
  enum class Outcome {
    kRecords,     // those of the type that was asked for; maybe none
    kNoSuchName,  // NXDOMAIN
    kFailed,      // no server has an answer
  };

  Outcome outcome = Outcome::kFailed;
  std::vector<DnsRecord> records;
  std::string error;  // of kFailed
};

// Bound to the thread of the loop.
class DnsResolver {
 public:
  using Done = std::function<void(DnsAnswer)>;

  // Servers are asked in their order, each for `timeout` and then once more for the double of it:
  // by UDP with EDNS0, and by TCP what is truncated.
  static Result<std::unique_ptr<DnsResolver>> Make(DiscoveryLoop& loop,
                                                   const std::vector<std::string>& servers,
                                                   std::chrono::milliseconds timeout);
  ~DnsResolver();  // not from within a `done`; what was asked is not answered any more
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  // `name` is taken as absolute. `done` is called once, and may be so from within; it may ask
  // again.
  void Ask(const std::string& name, DnsType type, Done done);

 private:
  struct Impl;

  explicit DnsResolver(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::scrape
