#include "remotewrite/metadata_sender.h"

#include <algorithm>
#include <tuple>

#include "remotewrite/response_policy.h"

namespace sluice::remotewrite {
namespace {

// Receivers have limits for bodies; help texts may be long.
constexpr size_t kBodyBytesMax = 1 << 20;

auto Key(const buffer::FamilyView& family) {
  return std::tie(family.name, family.type, family.help, family.unit);
}

}  // namespace

MetadataSender::MetadataSender(const MetadataConfig& config, MonotonicTime now)
    : config_(config), due_at_(now + config.send_interval) {}

bool MetadataSender::IsDue(MonotonicTime now) const {
  return config_.send && now >= due_at_ && left_.empty() && on_their_way_ == 0;
}

void MetadataSender::Begin(const std::vector<std::shared_ptr<const ChunkFamilies>>& families,
                           MonotonicTime now) {
  due_at_ = now + config_.send_interval;
  std::vector<Entry> all;
  for (const auto& chunk : families) {
    for (const buffer::FamilyView& family : chunk->all()) all.push_back({chunk, family});
  }
  const auto is_less = [](const Entry& a, const Entry& b) { return Key(a.family) < Key(b.family); };
  const auto is_equal = [](const Entry& a, const Entry& b) {
    return Key(a.family) == Key(b.family);
  };
  std::sort(all.begin(), all.end(), is_less);
  all.erase(std::unique(all.begin(), all.end(), is_equal), all.end());
  left_.assign(all.begin(), all.end());
}

std::shared_ptr<const std::string> MetadataSender::Next() {
  if (left_.empty() || on_their_way_ > 0) return nullptr;
  writer_.Clear();
  while (!left_.empty() && on_their_way_ < config_.max_samples_per_send &&
         writer_.bytes().size() < kBodyBytesMax) {
    const buffer::FamilyView& family = left_.front().family;
    writer_.AddMetadata({.type = static_cast<uint8_t>(family.type),
                         .family = family.name,
                         .help = family.help,
                         .unit = family.unit});
    left_.pop_front();
    ++on_their_way_;
  }
  return std::make_shared<const std::string>(snappy_.Compress(writer_.bytes()));
}

void MetadataSender::OnAnswer(int http_status) {
  if (ClassifyResponse(http_status) == Verdict::kAccepted) {
    accepted_ += on_their_way_;
  } else {
    failed_ += on_their_way_ + left_.size();
    left_.clear();
  }
  on_their_way_ = 0;
}

}  // namespace sluice::remotewrite
