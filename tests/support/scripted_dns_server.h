// A loopback DNS server for tests, over UDP and TCP, whose answers are a function of the question.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::test {

struct DnsQuestion {
  std::string name;  // as asked, with its last dot, in lower case
  int type = 0;      // 1 = A, 2 = NS, 5 = CNAME, 15 = MX, 28 = AAAA, 33 = SRV
  bool over_tcp = false;
};

struct DnsReply {
  struct Record {
    std::string name;  // absolute
    int type = 0;
    std::string data;  // as in a zone file: "192.0.2.1", "10 mail.x.", "0 0 80 host.x."
  };

  int rcode = 0;  // 2 = SERVFAIL, 3 = NXDOMAIN, 5 = REFUSED
  std::vector<Record> records = {};
  bool truncated = false;  // an answer over UDP is sent without records
  bool silent = false;     // no answer at all
  std::string raw = {};    // when not empty: sent instead, after the id of the question
};

// Listens on 127.0.0.1, UDP and TCP at the same free port, from construction on. One thread, which
// runs the script. Thread-safe.
class ScriptedDnsServer {
 public:
  using Script = std::function<DnsReply(const DnsQuestion&)>;

  explicit ScriptedDnsServer(Script script);
  ~ScriptedDnsServer();
  ScriptedDnsServer(const ScriptedDnsServer&) = delete;
  ScriptedDnsServer& operator=(const ScriptedDnsServer&) = delete;

  std::string address() const;  // "127.0.0.1:PORT"

  // Everything asked so far, in order.
  std::vector<DnsQuestion> questions() const;

  // Replaces the script for questions to come.
  void SetScript(Script script);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::test
