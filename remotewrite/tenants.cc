#include "remotewrite/tenants.h"

#include <algorithm>
#include <utility>

namespace sluice::remotewrite {

namespace {

// RFC 3986's unreserved characters, and the colon, which a path segment may have.
bool IsPlainInPath(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~:").find(c) != std::string_view::npos;
}

void AppendEscaped(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsPlainInPath(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xf];
  }
}

// Line ends would be headers of their own, and blanks around a value get lost.
bool IsFitForHeader(std::string_view name) {
  if (name.size() > Tenants::kNameMax || name.front() == ' ' || name.back() == ' ') return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

// In a path, these would lead elsewhere, escaped or not.
bool IsFitForPath(std::string_view name) { return name != "." && name != ".."; }

}  // namespace

std::string TenantUrl(std::string_view url, std::string_view tenant) {
  std::string result;
  while (true) {
    const size_t place = url.find(kTenantPlace);
    result += url.substr(0, place);
    if (place == std::string_view::npos) return result;
    AppendEscaped(result, tenant);
    url.remove_prefix(place + kTenantPlace.size());
  }
}

Tenants::Tenants(TenantConfig config) : config_(std::move(config)), names_(kReserved) {}

TenantId Tenants::Take(std::vector<buffer::LabelView>& labels) {
  const auto found = std::lower_bound(
      labels.begin(), labels.end(), std::string_view(config_.label),
      [](const buffer::LabelView& label, std::string_view name) { return label.name < name; });
  const bool has_label = found != labels.end() && found->name == config_.label;
  const TenantId id = IdOf(has_label ? found->value : std::string_view(config_.fallback));
  if (has_label && !config_.keep_label) labels.erase(found);
  return id;
}

TenantId Tenants::IdOf(std::string_view name) {
  if (!config_.only.empty() && name != config_.only) return kOtherTenant;
  if (name.empty()) return config_.header.empty() ? kUnfitTenant : kNoTenant;
  const auto known = ids_.find(name);
  if (known != ids_.end()) return known->second;
  const bool is_fit = config_.header.empty() ? IsFitForPath(name) : IsFitForHeader(name);
  if (!is_fit || name.size() > kNameMax || count() >= kTenantsMax) return kUnfitTenant;
  const auto id = static_cast<TenantId>(names_.size());
  ids_.emplace(names_.emplace_back(name), id);
  return id;
}

}  // namespace sluice::remotewrite
