#include "scrape/text_walk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "scrape/key_matcher.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

std::string_view KeyOf(std::string_view whole, const Entry& entry) {
  if (entry.kind == EntryKind::kSample) return whole.substr(0, entry.key_size);
  if (whole.ends_with('\n')) whole.remove_suffix(1);
  return whole;
}

}  // namespace

template <class Dialect>
Status TextWalk<Dialect>::Feed(std::string_view bytes) {
  if (!failure_.ok() || bytes.empty()) return failure_;
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
    carried_.swap(carry_);
    carry_.clear();
    failure_ = Walk(carried_);
    if (!failure_.ok()) return failure_;
  }
  failure_ = Walk(bytes);
  return failure_;
}

template <class Dialect>
Status TextWalk<Dialect>::End() {
  if (failure_.ok() && !carry_.empty() && !ended_) failure_ = EndCarried();
  if (Dialect::kIsMarked && failure_.ok() && !ended_) failure_ = AtLine(NoEndMark());
  if (failure_.ok() && converting_.has_value()) failure_ = converting_->EndHistogram();
  if (failure_.ok()) failure_ = walk_.End();
  return failure_;
}

template <class Dialect>
Status TextWalk<Dialect>::EndCarried() {
  const std::string entry = std::exchange(carry_, {});
  if (Dialect::kIsMarked) return ProcessEntry(entry);
  // The last newline is optional.
  Status status = Walk(entry + '\n');
  // Still unfinished: it ends inside quotes, and the parser has the words for that.
  return status.ok() && !carry_.empty() ? ProcessEntry(entry) : status;
}

template <class Dialect>
Status TextWalk<Dialect>::Walk(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const char* const lines_end = p + (bytes.rfind('\n') + 1);  // none: npos + 1 is 0
  while (p != end && !ended_) {
    p = SkipKnown(p, lines_end, end);
    if (Status status = walk_.CheckTaken(); !status.ok()) return AtLine(status.error());
    if (p == end) break;
    const std::string_view rest(p, static_cast<size_t>(end - p));
    scanner_.Reset();
    const size_t size = scanner_.FindEnd(rest);
    if (size == std::string_view::npos) {
      if (rest.size() > kEntryBytesMax) return AtLine(InvalidInput("line too long"));
      carry_.assign(rest);
      return Status::Ok();
    }
    if (Status status = ProcessEntry(rest.substr(0, size + 1)); !status.ok()) return status;
    p += size + 1;
  }
  if (Dialect::kIsMarked && ended_ && p != end) return AtLine(DataBehindEnd());
  return Status::Ok();
}

template <class Dialect>
const char* TextWalk<Dialect>::SkipKnown(const char* p, const char* lines_end, const char* end) {
  // A blank line is never expected, and a body may have many.
  if (converting_.has_value() || *p == '\n') return p;
  const bool is_rewriting = walk_.rewriting();
  if (is_rewriting && !walk_.in_step()) CatchUp();
  const size_t count = walk_.expected().size();
  while (true) {
    if (!is_rewriting && p < lines_end) p = WalkKnown(p, lines_end);
    if (walk_.cursor() == count) return p;
    const char* const begin = p;
    p = is_rewriting ? PassExpected<true>(p, end) : PassExpected<false>(p, end);
    if (p == begin) return p;
  }
}

// Goes on while the body is plainly as expected; returns where it is not, or where bytes are
// missing. There is a newline before `end`: values are read faster when they are known to end.
template <class Dialect>
const char* TextWalk<Dialect>::WalkKnown(const char* p, const char* end) {
  const PageTemplate& expected = walk_.expected();
  const size_t count = expected.size();
  if (walk_.cursor() >= count) return p;
  const PageTemplate::Line* const lines = expected.lines();
  const bool is_multi_line = walk_.expects_newlines();
  const KeyReader::Position position = walk_.expected_keys().PositionAt(walk_.cursor());
  const char* own = expected.own().data() + position.place.own;
  const char* const own_end = expected.own().data() + expected.own().size();
  const char* told = expected.told().data() + position.place.told;
  const char* before = position.before.data();
  const char* before_end = before + position.before.size();
  while (walk_.cursor() < count) {
    const PageTemplate::Line& line = lines[walk_.cursor()];
    const size_t size = line.key_size();
    if (static_cast<size_t>(end - p) < size + kKeyBytesBeyond) break;
    const char* rest = p + size;
    if (line.mark.is_metadata()) {
      if (std::memcmp(p, told, size) != 0 || *rest != '\n') break;
      // Above a limit: what follows reads keys of its own.
      if (walk_.rewriting()) [[unlikely]]
        break;
      walk_.PassMetadata();
      told += size;
    } else {
      if (static_cast<size_t>(own_end - own) < line.own + kKeyBytesBeyond) break;
      if (!HasKeyBytes(p, line, own, before, before_end)) break;
      Sample sample;
      rest = ReadRest(rest, end, sample);
      if (rest == nullptr || !walk_.TakeExpected(line.mark, sample)) break;
      own += line.own;
      before = p;
      before_end = p + size;
    }
    if (is_multi_line) line_ += static_cast<uint64_t>(std::count(p, rest, '\n'));
    ++line_;
    p = rest + 1;
  }
  walk_.expected_keys().SetPosition(
      walk_.cursor(), {.place = {.own = static_cast<uint32_t>(own - expected.own().data()),
                                 .told = static_cast<uint32_t>(told - expected.told().data())},
                       .before = {before, static_cast<size_t>(before_end - before)}});
  return p;
}

// Over the next entry, if it is as expected.
template <class Dialect>
template <bool kRewriting>
const char* TextWalk<Dialect>::PassExpected(const char* p, const char* end) {
  const PageTemplate::Line& line = walk_.expected().lines()[walk_.cursor()];
  // Most likely the rest of it is to come: no need to read the key.
  if (static_cast<size_t>(end - p) <= line.key_size()) return p;
  const bool is_metadata = line.mark.is_metadata();
  const std::string_view held = walk_.expected_keys().At(walk_.cursor());
  size_t size = held.size();
  if (static_cast<size_t>(end - p) <= size || std::memcmp(p, held.data(), size) != 0) {
    if (is_metadata || !KeyDigest::IsDigest(held)) return p;
    size = KeyDigest::KeySizeOf(held);
    if (static_cast<size_t>(end - p) <= size || !KeyDigest::Matches(held, {p, size})) return p;
  }
  const char* rest = p + size;
  if (is_metadata) {
    if (*rest != '\n') return p;
    if (kRewriting && !walk_.in_step()) TellMetadata(held);
    walk_.PassMetadata();
  } else {
    Sample sample;
    rest = ReadRest(rest, end, sample);
    if (rest == nullptr) return p;
    if constexpr (kRewriting) {
      if (!Keep({p, size}, sample)) return p;
    } else {
      if (!walk_.TakeExpected(line.mark, sample)) return p;
    }
  }
  if (walk_.expects_newlines()) line_ += static_cast<uint64_t>(std::count(p, rest, '\n'));
  ++line_;
  return rest + 1;
}

template <class Dialect>
inline bool TextWalk<Dialect>::Keep(std::string_view key, const Sample& sample) {
  if (walk_.in_step()) return walk_.KeepInStep(key, sample);
  return walk_.KeepExpected(key, sample, [this](std::string_view k) { return MetricNameOf(k); });
}

// Value and timestamp; returns the newline after them, or null when this is not plainly fine.
template <class Dialect>
inline const char* TextWalk<Dialect>::ReadRest(const char* p, const char* end, Sample& sample) {
  const char* const after = ParseCommonValue(p, end, sample.value);
  if (after != nullptr && *after == '\n') [[likely]]
    return after;
  return ReadUncommonRest(p, end, sample);
}

// Timestamps and exemplars are read anew each time: nothing of them is remembered.
template <class Dialect>
const char* TextWalk<Dialect>::ReadUncommonRest(const char* p, const char* end, Sample& sample) {
  const char* const newline = Dialect::ReadRest(p, end, parser_, entry_);
  if (newline == nullptr) return nullptr;
  sample.value = entry_.value;
  sample.has_timestamp = entry_.has_timestamp && rules_.honor_timestamps;
  sample.timestamp_ms = entry_.timestamp_ms;
  if (!entry_.exemplars.empty()) sample.entry = &entry_;
  return newline;
}

// `whole` is an entry with its newline, if it has one.
template <class Dialect>
Status TextWalk<Dialect>::ProcessEntry(std::string_view whole) {
  Status status = Dialect::Parse(parser_, whole, entry_);
  if (!status.ok()) return AtLine(status.error());
  if (entry_.kind == EntryKind::kEnd) ended_ = true;
  status = Place(whole);
  if (!status.ok()) return AtLine(status.error());
  line_ += static_cast<uint64_t>(std::count(whole.begin(), whole.end(), '\n'));
  return Status::Ok();
}

// entry_ is that of `whole`.
template <class Dialect>
Status TextWalk<Dialect>::Place(std::string_view whole) {
  if (converting_.has_value()) return Convert(whole);
  if (entry_.kind == EntryKind::kNothing || entry_.kind == EntryKind::kEnd) return Status::Ok();
  CatchUp();
  Status status = walk_.Place(KeyOf(whole, entry_), entry_);
  told_ = walk_.cursor();
  told_all_ = walk_.rewriting() && !walk_.in_step();
  return status;
}

template <class Dialect>
Status TextWalk<Dialect>::Convert(std::string_view whole) {
  if (entry_.kind != EntryKind::kNothing) return converting_->Place(KeyOf(whole, entry_), entry_);
  const bool is_comment = whole.find('#') != std::string_view::npos;
  return is_comment ? converting_->EndHistogram() : Status::Ok();
}

// Metadata that was as expected was passed without being read.
template <class Dialect>
void TextWalk<Dialect>::CatchUp() {
  if (told_all_) return;
  FindUntold();
  for (size_t i = untold_.size(); i > 0; --i) TellMetadata(untold_[i - 1]);
  told_ = walk_.cursor();
  told_all_ = walk_.rewriting() && !walk_.in_step();
}

// What counts of metadata is the family that it is of now, which is what was last said of one name,
// and the last type. So only as much is told as makes these what they would be if all were: back to
// a type and to a line about another name.
template <class Dialect>
void TextWalk<Dialect>::FindUntold() {
  untold_.clear();
  if (told_ == walk_.cursor()) return;
  const PageTemplate& expected = walk_.expected();
  size_t end = expected.PlaceOf(walk_.cursor()).told;
  std::string last_name;
  bool has_type = false;
  bool has_other_name = false;
  for (size_t i = walk_.cursor(); i > told_ && !(has_type && has_other_name); --i) {
    const PageTemplate::Line& line = expected.lines()[i - 1];
    if (!line.mark.is_metadata()) continue;
    end -= line.own;
    const std::string_view text = expected.told().substr(end, line.own);
    if (!ReadMetadata(text)) continue;
    if (untold_.empty()) last_name = metadata_.name;
    untold_.push_back(text);
    has_type = has_type || metadata_.kind == EntryKind::kType;
    has_other_name = has_other_name || metadata_.name != last_name;
  }
}

// Into metadata_; false when it is none.
template <class Dialect>
bool TextWalk<Dialect>::ReadMetadata(std::string_view text) {
  scratch_.assign(text) += '\n';
  if (!Dialect::Parse(metadata_parser_, scratch_, metadata_).ok()) return false;
  return metadata_.kind != EntryKind::kNothing && metadata_.kind != EntryKind::kEnd;
}

template <class Dialect>
void TextWalk<Dialect>::TellMetadata(std::string_view text) {
  if (ReadMetadata(text)) walk_.OnMetadata(metadata_);
}

template <class Dialect>
std::string_view TextWalk<Dialect>::MetricNameOf(std::string_view key) {
  const size_t end = key.find_first_of("{ \t\"#");
  if (end != 0) return key.substr(0, end);
  // Quoted, or indented: let the parser find it. Not with entry_, which may hold an exemplar.
  scratch_.assign(key).append("0\n");
  if (!Dialect::Parse(parser_, scratch_, named_).ok()) return {};
  return named_.name;
}

template <class Dialect>
Error TextWalk<Dialect>::AtLine(const Error& error) const {
  return error.WithContext("line " + std::to_string(line_ + 1));
}

template class TextWalk<PrometheusText>;
template class TextWalk<OpenMetricsText>;

}  // namespace sluice::scrape
