// MD5 (RFC 1321): not for security, but what hashmod rules of Prometheus are defined by.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::relabel {

std::array<uint8_t, 16> Md5(std::string_view text);

}  // namespace sluice::relabel
