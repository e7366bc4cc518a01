#include "scrape/discovery/grace/saved_targets.h"

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/hash.h"
#include "base/varint.h"
#include "buffer/compression.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kMagic = "sluiceTG";
constexpr uint8_t kVersion = 1;
constexpr size_t kUnpackedBytesMax = 128 << 20;
constexpr size_t kChecksumBytes = 8;

void AppendHex(std::string& out, uint64_t value, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out += kHex[(value >> (4 * i)) & 15];
}

void PutFixed64(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

uint64_t Fixed64(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

void PutLabels(std::string& out, const relabel::Labels& labels) {
  PutVarint(out, labels.size());
  for (const relabel::Label& label : labels) {
    PutString(out, label.name);
    PutString(out, label.value);
  }
}

relabel::Labels ReadLabels(ByteReader& in) {
  std::vector<relabel::Label> labels;
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.String();
    labels.push_back({std::string(name), std::string(in.String())});
  }
  return relabel::Labels::From(std::move(labels));
}

TargetGroupPtr ReadGroup(ByteReader& in) {
  auto group = std::make_shared<TargetGroup>();
  group->source = in.String();
  group->labels = ReadLabels(in);
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) group->targets.push_back(ReadLabels(in));
  return group;
}

std::string RawGroups(const std::vector<TargetGroupPtr>& groups) {
  std::string raw;
  PutVarint(raw, groups.size());
  for (const TargetGroupPtr& group : groups) {
    PutString(raw, group->source);
    PutLabels(raw, group->labels);
    PutVarint(raw, group->targets.size());
    for (const relabel::Labels& target : group->targets) PutLabels(raw, target);
  }
  return raw;
}

Error Damaged(std::string_view what) {
  return Error{ErrorCode::kCorruption, "damaged: " + std::string(what)};
}

}  // namespace

std::string GraceKey(std::string_view identity, std::string_view public_identity) {
  const ContentId id = ContentIdOf(public_identity);
  std::string key;
  AppendHex(key, id.high, 16);
  AppendHex(key, id.low, 16);
  key += '-';
  AppendHex(key, XxHash64(identity) & 0xffff, 4);
  return key;
}

Result<std::string> EncodeSavedTargets(const SavedTargets& saved) {
  const Error too_large{ErrorCode::kResourceExhausted, "too many targets to be kept"};
  const std::string raw = RawGroups(saved.groups);
  if (raw.size() > kUnpackedBytesMax) return too_large;
  std::string rest;
  PutVarint(rest, ZigZag(saved.current_at));
  PutString(rest, saved.key);
  buffer::Compressor().AppendPacked(raw, rest);
  std::string bytes(kMagic);
  bytes += static_cast<char>(kVersion);
  PutFixed64(bytes, Xxh3(rest) ^ kVersion);
  bytes += rest;
  if (bytes.size() > kSavedTargetsBytesMax) return too_large;
  return bytes;
}

Result<SavedTargets> DecodeSavedTargets(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Bytes(kMagic.size()) != kMagic) return Damaged("no file of targets");
  const uint8_t version = in.Byte();
  if (in.ok() && version > kVersion) {
    return InvalidInput("version " + std::to_string(version) + " is newer than this program");
  }
  const uint64_t checksum = Fixed64(in.Bytes(kChecksumBytes));
  if (!in.ok() || version != kVersion) return Damaged("its beginning");
  if (checksum != (Xxh3(in.rest()) ^ version)) return Damaged("its checksum");
  SavedTargets saved;
  saved.current_at = UnZigZag(in.Varint());
  saved.key = in.String();
  std::string raw;
  if (!in.ok() || !buffer::Decompressor().Unpack(in.rest(), kUnpackedBytesMax, raw)) {
    return Damaged("its content");
  }
  ByteReader groups(raw);
  const uint64_t count = groups.Varint();
  for (uint64_t i = 0; i < count && groups.ok(); ++i) saved.groups.push_back(ReadGroup(groups));
  if (!groups.ok() || !groups.empty()) return Damaged("its groups");
  return saved;
}

}  // namespace sluice::scrape
