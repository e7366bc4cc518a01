#include "agent/config/destination_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "agent/config/header_rules.h"
#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

// Those of Mimir and Cortex, of Thanos, and of VictoriaMetrics.
bool NamesTenant(std::string_view header) {
  constexpr std::array<std::string_view, 4> kHeaders = {"x-scope-orgid", "thanos-tenant",
                                                        "accountid", "projectid"};
  return std::find(kHeaders.begin(), kHeaders.end(), LowerAscii(std::string(header))) !=
         kHeaders.end();
}

// Must stay as it is for ever.
std::string DerivedName(const remotewrite::DestinationConfig& destination) {
  std::map<std::string, std::string_view> tenant;
  for (const auto& [header, value] : destination.headers) {
    if (NamesTenant(header)) tenant[LowerAscii(header)] = value;
  }
  std::string place = destination.url;
  if (!destination.urls.empty()) {
    std::vector<std::string> urls = destination.urls;
    std::sort(urls.begin(), urls.end());  // their order says nothing
    place.clear();
    for (const std::string& url : urls) place += url + '\n';
  }
  for (const auto& [header, value] : tenant) {
    place.append("\n").append(header).append(":").append(value);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  const uint64_t hash = XxHash64(place);
  std::string name;
  for (int shift = 60; shift >= 40; shift -= 4) name += kDigits[(hash >> shift) & 0xf];
  return name;
}

}  // namespace

void DestinationNames::Name(const Value& item, const std::string& text,
                            remotewrite::DestinationConfig& destination) {
  const bool is_written = !destination.name.empty();
  // Names are written into files and logs, and branches have one in theirs.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::any_of(destination.name.begin(), destination.name.end(), is_control)) {
    item.Fail("the name has a control character");
  }
  if (!is_written) destination.name = DerivedName(destination);
  const auto [found, is_new] = owners_.try_emplace(destination.name, Owner{is_written, text});
  if (is_new) return;
  const Owner& owner = found->second;
  if (is_written && owner.is_written) {
    item.Fail("found multiple remote write configs with job name " + QuoteText(destination.name));
  } else if (owner.text == text) {
    item.Fail("duplicate remote write configs are not allowed, found duplicate for URL: " +
              destination.url);
  } else {
    item.Fail("another remote write config has the same URL and tenant, or the name " +
              QuoteText(destination.name) + " that is derived from them: give each a `name`");
  }
}

}  // namespace sluice::agent
