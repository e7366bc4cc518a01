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
constexpr size_t kBlockBytes = 256 << 10;

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

void PutGroup(std::string& out, const TargetGroup& group) {
  PutString(out, group.source);
  PutLabels(out, group.labels);
  PutVarint(out, group.targets.size());
  for (const relabel::Labels& target : group.targets) PutLabels(out, target);
}

// Block by block, so that many targets do not need as much memory again.
class BlockWriter {
 public:
  void Add(const TargetGroup& group) {
    PutGroup(raw_, group);
    if (raw_.size() >= kBlockBytes) EndBlock();
  }

  void EndBlock() {
    if (raw_.empty()) return;
    unpacked_bytes_ += raw_.size();
    packed_.clear();
    compressor_.AppendPacked(raw_, packed_);
    PutString(blocks_, packed_);
    raw_.clear();
  }

  size_t unpacked_bytes() const { return unpacked_bytes_; }

  const std::string& blocks() const { return blocks_; }

 private:
  buffer::Compressor compressor_;
  std::string raw_;
  std::string packed_;
  std::string blocks_;
  size_t unpacked_bytes_ = 0;
};

// False when the bytes are damaged.
bool ReadBlock(std::string_view raw, std::vector<TargetGroupPtr>& groups) {
  ByteReader in(raw);
  while (in.ok() && !in.empty()) groups.push_back(ReadGroup(in));
  return in.ok();
}

bool ReadBlocks(ByteReader& in, std::vector<TargetGroupPtr>& groups) {
  buffer::Decompressor decompressor;
  std::string raw;
  size_t left = kUnpackedBytesMax;
  while (in.ok() && !in.empty()) {
    if (!decompressor.Unpack(in.String(), left, raw) || !ReadBlock(raw, groups)) return false;
    left -= raw.size();
  }
  return in.ok();
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
  BlockWriter writer;
  for (const TargetGroupPtr& group : saved.groups) writer.Add(*group);
  writer.EndBlock();
  if (writer.unpacked_bytes() > kUnpackedBytesMax) return too_large;
  std::string rest;
  PutVarint(rest, ZigZag(saved.current_at));
  PutString(rest, saved.key);
  rest += writer.blocks();
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
  if (!in.ok() || !ReadBlocks(in, saved.groups)) return Damaged("its content");
  return saved;
}

}  // namespace sluice::scrape
