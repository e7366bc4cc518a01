#include "scrape/text_walk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "scrape/number.h"

namespace sluice::scrape {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool EndsValue(char c) { return c == '\n' || IsBlank(c); }

}  // namespace

Status TextWalk::Feed(std::string_view bytes) {
  if (!failure_.ok() || ended_) return failure_;
  if (!carry_.empty()) {
    const size_t end = scanner_.FindEnd(bytes);
    const size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
    if (carry_.size() + taken > kEntryBytesMax) {
      failure_ = AtLine(InvalidInput("line too long"));
      return failure_;
    }
    carry_.append(bytes.substr(0, taken));
    if (end == std::string_view::npos) return Status::Ok();
    bytes.remove_prefix(taken);
    const std::string entry = std::exchange(carry_, {});
    failure_ = Walk(entry);
    if (!failure_.ok() || ended_) return failure_;
  }
  failure_ = Walk(bytes);
  return failure_;
}

Status TextWalk::End() {
  if (!failure_.ok()) return failure_;
  if (!carry_.empty() && !ended_) {
    // The last newline is optional.
    const std::string entry = std::exchange(carry_, {}) + '\n';
    failure_ = Walk(entry);
    // Still unfinished: it ends inside quotes, and the parser has the words for that.
    if (failure_.ok() && !carry_.empty()) {
      failure_ = ProcessEntry(std::string_view(entry).substr(0, entry.size() - 1));
    }
    if (!failure_.ok()) return failure_;
  }
  failure_ = walk_.End();
  return failure_;
}

Status TextWalk::Walk(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p != end && !ended_) {
    if (walk_.rewriting()) {
      CatchUp();
      p = WalkKnown<true>(p, end);
    } else {
      p = WalkKnown<false>(p, end);
    }
    if (Status status = walk_.CheckExtras(); !status.ok()) return AtLine(status.error());
    if (p == end) break;
    const std::string_view rest(p, static_cast<size_t>(end - p));
    scanner_.Reset();
    const size_t size = scanner_.FindEnd(rest);
    if (size == std::string_view::npos) {
      if (rest.size() > kEntryBytesMax) return AtLine(InvalidInput("line too long"));
      carry_.assign(rest);
      return Status::Ok();
    }
    if (Status status = ProcessEntry(rest.substr(0, size)); !status.ok()) return status;
    p += size + 1;
  }
  return Status::Ok();
}

// Goes on while the body is as expected; returns where it is not, or where bytes are missing.
template <bool kRewriting>
const char* TextWalk::WalkKnown(const char* p, const char* end) {
  const PageTemplate& expected = walk_.expected();
  const size_t count = expected.size();
  const PageTemplate::Line* const lines = expected.lines();
  const char* const text = expected.text_data();
  const bool is_multi_line = walk_.expects_newlines();
  size_t from = walk_.cursor() == 0 ? 0 : lines[walk_.cursor() - 1].end;
  while (walk_.cursor() < count) {
    const PageTemplate::Line& line = lines[walk_.cursor()];
    const size_t size = line.end - from;
    if (static_cast<size_t>(end - p) <= size || std::memcmp(p, text + from, size) != 0) return p;
    const char* rest = p + size;
    if (line.mark.is_metadata()) {
      if (*rest != '\n') return p;
      if constexpr (kRewriting) TellMetadata(walk_.cursor());
      walk_.PassMetadata();
    } else {
      Sample sample;
      rest = ReadRest(rest, end, sample);
      if (rest == nullptr) return p;
      if constexpr (kRewriting) {
        const auto name_of = [this](std::string_view key) { return MetricNameOf(key); };
        if (!walk_.KeepExpected(sample, name_of)) return p;
      } else {
        if (!walk_.TakeExpected(line.mark, sample)) return p;
      }
    }
    if (is_multi_line) line_ += static_cast<uint64_t>(std::count(p, rest, '\n'));
    ++line_;
    p = rest + 1;
    from = line.end;
  }
  return p;
}

// Value and timestamp; returns the newline after them, or null when this is not plainly fine.
inline const char* TextWalk::ReadRest(const char* p, const char* end, Sample& sample) const {
  const char* const after = ParseCommonValue(p, end, sample.value);
  if (after != nullptr && *after == '\n') [[likely]]
    return after;
  return ReadUncommonRest(p, end, sample);
}

const char* TextWalk::ReadUncommonRest(const char* p, const char* end, Sample& sample) const {
  const char* at = std::find_if(p, end, EndsValue);
  if (at == end || !ParseValue({p, static_cast<size_t>(at - p)}, sample.value)) return nullptr;
  at = std::find_if_not(at, end, IsBlank);
  if (at == end) return nullptr;
  if (*at == '\n') return at;
  const char* const digits = at;
  at = std::find_if(at, end, EndsValue);
  if (at == end) return nullptr;
  if (!ParseTimestamp({digits, static_cast<size_t>(at - digits)}, sample.timestamp_ms)) {
    return nullptr;
  }
  sample.has_timestamp = rules_.honor_timestamps;
  at = std::find_if_not(at, end, IsBlank);
  return at != end && *at == '\n' ? at : nullptr;
}

Status TextWalk::ProcessEntry(std::string_view text) {
  Status status = parser_.Parse(text, entry_);
  if (!status.ok()) return AtLine(status.error());
  if (entry_.kind == EntryKind::kEnd) {
    ended_ = true;
    return Status::Ok();
  }
  status = Place(text);
  if (!status.ok()) return AtLine(status.error());
  line_ += 1 + static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  return Status::Ok();
}

// entry_ is that of `text`.
Status TextWalk::Place(std::string_view text) {
  if (entry_.kind == EntryKind::kNothing) return Status::Ok();
  CatchUp();
  const bool is_sample = entry_.kind == EntryKind::kSample;
  Status status = walk_.Place(is_sample ? text.substr(0, entry_.key_size) : text, entry_);
  told_ = walk_.cursor();
  told_all_ = walk_.rewriting();
  return status;
}

// Metadata that was as expected was passed without being read.
void TextWalk::CatchUp() {
  if (told_all_) return;
  for (; told_ < walk_.cursor(); ++told_) {
    if (walk_.expected().mark(told_).is_metadata()) TellMetadata(told_);
  }
  told_all_ = walk_.rewriting();
}

void TextWalk::TellMetadata(size_t line) {
  Entry entry;
  TextParser parser;
  if (parser.Parse(walk_.expected().text(line), entry).ok()) walk_.OnMetadata(entry);
}

std::string_view TextWalk::MetricNameOf(std::string_view key) {
  const size_t end = key.find_first_of("{ \t\"#");
  if (end != 0) return key.substr(0, end);
  // Quoted, or indented: let the parser find it.
  scratch_.assign(key).append("0");
  if (!parser_.Parse(scratch_, entry_).ok()) return {};
  return entry_.name;
}

Error TextWalk::AtLine(const Error& error) const {
  return error.WithContext("line " + std::to_string(line_ + 1));
}

}  // namespace sluice::scrape
