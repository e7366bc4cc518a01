#include "agent/options.h"

#include <algorithm>
#include <filesystem>

namespace sluice::agent {

uint64_t DefaultBufferBytes(const std::string& directory) {
  constexpr uint64_t kLeast = 256ULL << 20;
  constexpr uint64_t kMost = 16ULL << 30;
  std::filesystem::path existing = std::filesystem::absolute(directory);
  std::error_code error;
  while (!std::filesystem::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  const auto space = std::filesystem::space(existing, error);
  if (error) return kLeast;
  return std::clamp<uint64_t>(space.capacity / 10, kLeast, kMost);
}

}  // namespace sluice::agent
