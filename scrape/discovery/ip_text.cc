#include "scrape/discovery/ip_text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

namespace sluice::scrape {
namespace {

// 4 or 16 bytes.
struct IpBytes {
  std::array<unsigned char, 16> bytes{};
  size_t size = 0;

  int family() const { return size == 4 ? AF_INET : AF_INET6; }
};

std::optional<IpBytes> Parse(std::string_view text) {
  const std::string copy(text);
  if (copy.size() != std::strlen(copy.c_str())) return std::nullopt;
  IpBytes ip;
  ip.size = copy.find(':') == std::string::npos ? 4 : 16;
  if (inet_pton(ip.family(), copy.c_str(), ip.bytes.data()) != 1) return std::nullopt;
  // ::ffff:1.2.3.4 is 1.2.3.4.
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (ip.size == 16 && std::equal(kMapped.begin(), kMapped.end(), ip.bytes.begin())) {
    std::copy(ip.bytes.begin() + 12, ip.bytes.end(), ip.bytes.begin());
    ip.size = 4;
  }
  return ip;
}

// RFC 5952, without the dotted end that inet_ntop gives some addresses: ::1.2.3.4 is ::102:304.
std::string Ipv6Text(const IpBytes& ip) {
  std::array<unsigned, 8> words{};
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = (static_cast<unsigned>(ip.bytes[2 * i]) << 8) | ip.bytes[2 * i + 1];
  }
  size_t gap = words.size();
  size_t gap_size = 1;  // the longest run of zeros, if it has more than one
  for (size_t i = 0; i < words.size(); ++i) {
    size_t end = i;
    while (end < words.size() && words[end] == 0) ++end;
    if (end - i > gap_size) {
      gap = i;
      gap_size = end - i;
    }
  }
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), words[i], 16);
    text.append(digits.data(), end.ptr);
  }
  return text;
}

std::string Text(const IpBytes& ip) {
  if (ip.size == 16) return Ipv6Text(ip);
  std::string text;
  for (const unsigned char byte : std::span(ip.bytes).first(4)) {
    text += (text.empty() ? "" : ".") + std::to_string(byte);
  }
  return text;
}

}  // namespace

bool IsIpv4(std::string_view text) {
  const auto ip = Parse(text);
  return ip && ip->size == 4;
}

std::optional<std::string> CanonicalIp(std::string_view text) {
  const auto ip = Parse(text);
  if (!ip) return std::nullopt;
  return Text(*ip);
}

std::optional<std::string> CanonicalNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto ip = Parse(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto end = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!ip || end.ec != std::errc() || end.ptr != length.data() + length.size()) return std::nullopt;
  if (bits > ip->size * 8) return std::nullopt;
  for (size_t i = 0; i < ip->size; ++i) {
    const unsigned kept =
        bits > i * 8 ? std::min<unsigned>(8, bits - static_cast<unsigned>(i) * 8) : 0;
    ip->bytes[i] &= static_cast<unsigned char>(0xff00u >> kept);
  }
  return Text(*ip) + "/" + std::to_string(bits);
}

}  // namespace sluice::scrape
