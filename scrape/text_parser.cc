#include "scrape/text_parser.h"

#include <array>

#include "relabel/labels.h"
#include "scrape/escapes.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kHelpWord = "HELP";
constexpr std::string_view kTypeWord = "TYPE";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLabelStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool IsNameStart(char c) { return IsLabelStart(c) || c == ':'; }

// Reads one entry front to back.
class Reader {
 public:
  Reader(std::string_view text, std::list<std::string>& unescaped, Entry& entry)
      : text_(text), unescaped_(unescaped), entry_(entry) {}

  Status Read();

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }

  bool AtEnd() const { return at_ >= text_.size(); }

  void SkipBlanks() {
    while (!AtEnd() && IsBlank(text_[at_])) ++at_;
  }

  template <class Start>
  std::string_view TakeWord(Start is_start) {
    const size_t from = at_;
    if (AtEnd() || !is_start(text_[at_])) return {};
    while (!AtEnd() && (is_start(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    return text_.substr(from, at_ - from);
  }

  // The inside of a quoted string that starts here; false when it does not end.
  bool TakeQuoted(std::string_view& inside);

  std::string_view Plain(std::string_view raw, Escapes escapes) {
    if (raw.find('\\') == std::string_view::npos) return raw;
    return unescaped_.emplace_back(Unescape(raw, escapes));
  }

  Status ReadHash();
  Status ReadMetadata(std::string_view word);
  Status ReadSample();
  Status ReadBraces();
  Status ReadItem(bool& closed);
  Status ReadLabelValue(std::string_view name);
  Status ReadValue();
  Status SetName(std::string_view raw);

  Error Expected(std::string_view what) const {
    const std::string_view got = AtEnd() ? "\n" : text_.substr(at_, 1);
    const std::string_view token = AtEnd() ? "LINEBREAK" : TokenOf(text_[at_]);
    std::string message(what);
    message.append(", got ").append(QuoteExcerpt(got)).append(" (").append(QuoteExcerpt(token));
    message.append(") while parsing: ").append(QuoteExcerpt(text_.substr(0, at_ + 1)));
    return InvalidInput(std::move(message));
  }

  static std::string_view TokenOf(char c) {
    if (c == '{') return "BOPEN";
    if (c == '}') return "BCLOSE";
    if (c == '=') return "EQUAL";
    if (c == ',') return "COMMA";
    return IsNameStart(c) ? "LNAME" : "INVALID";
  }

  Error While(std::string_view what) const {
    return InvalidInput(std::string(what) +
                        " while parsing: " + QuoteExcerpt(text_.substr(0, at_)));
  }

  std::string_view text_;
  std::list<std::string>& unescaped_;
  Entry& entry_;
  size_t at_ = 0;
  bool has_name_ = false;
};

bool Reader::TakeQuoted(std::string_view& inside) {
  size_t i = at_ + 1;
  while (i < text_.size() && text_[i] != '"') {
    if (text_[i] == '\\') {
      ++i;
      if (i >= text_.size() || text_[i] == '\n') return false;
    }
    ++i;
  }
  if (i >= text_.size()) return false;
  inside = text_.substr(at_ + 1, i - at_ - 1);
  at_ = i + 1;
  return true;
}

Status Reader::Read() {
  SkipBlanks();
  if (AtEnd()) return Status::Ok();
  const char c = text_[at_];
  if (c == '\0') {
    entry_.kind = EntryKind::kEnd;
    return Status::Ok();
  }
  if (c == '#') return ReadHash();
  if (c == '{' || IsNameStart(c)) return ReadSample();
  return Expected("expected a valid start token");
}

Status Reader::ReadHash() {
  const size_t hash = at_++;
  const size_t blanks = at_;
  SkipBlanks();
  const std::string_view word = text_.substr(at_, kHelpWord.size());
  const bool is_metadata = at_ > blanks && (word == kHelpWord || word == kTypeWord) &&
                           at_ + word.size() < text_.size() && IsBlank(text_[at_ + word.size()]);
  if (!is_metadata) {
    const bool ends_input = text_.find('\0', hash) != std::string_view::npos;
    entry_.kind = ends_input ? EntryKind::kEnd : EntryKind::kNothing;
    return Status::Ok();
  }
  at_ += word.size();
  SkipBlanks();
  return ReadMetadata(word);
}

Status Reader::ReadMetadata(std::string_view word) {
  std::string_view name;
  if (Peek() == '"') {
    if (!TakeQuoted(name)) return Expected("expected metric name after " + std::string(word));
  } else {
    name = TakeWord(IsNameStart);
    if (name.empty()) return Expected("expected metric name after " + std::string(word));
  }
  entry_.name = Plain(name, Escapes::kLabel);
  std::string_view rest = text_.substr(at_);
  // Of blanks alone nothing is left; otherwise exactly one separator goes, whatever it is.
  if (rest.find_first_not_of(" \t") == std::string_view::npos) rest = {};
  if (!rest.empty()) rest.remove_prefix(1);
  if (word == kHelpWord) {
    entry_.kind = EntryKind::kHelp;
    if (!relabel::IsValidUtf8(rest)) {
      return InvalidInput("help text " + QuoteExcerpt(rest) + " is not a valid utf8 string");
    }
    entry_.help = Plain(rest, Escapes::kHelp);
    return Status::Ok();
  }
  entry_.kind = EntryKind::kType;
  using buffer::MetricType;

  struct Named {
    std::string_view name;
    MetricType type;
  };

  constexpr std::array<Named, 5> kTypes = {{{"counter", MetricType::kCounter},
                                            {"gauge", MetricType::kGauge},
                                            {"histogram", MetricType::kHistogram},
                                            {"summary", MetricType::kSummary},
                                            {"untyped", MetricType::kUnknown}}};
  for (const Named& named : kTypes) {
    if (rest != named.name) continue;
    entry_.type = named.type;
    return Status::Ok();
  }
  return InvalidInput("invalid metric type " + QuoteExcerpt(rest));
}

Status Reader::ReadSample() {
  entry_.kind = EntryKind::kSample;
  if (text_[at_] != '{') {
    entry_.name = TakeWord(IsNameStart);
    has_name_ = true;
    SkipBlanks();
  }
  if (Peek() == '{') {
    ++at_;
    if (Status status = ReadBraces(); !status.ok()) return status;
    SkipBlanks();
  }
  if (!has_name_) return While("metric name not set");
  return ReadValue();
}

Status Reader::ReadBraces() {
  SkipBlanks();
  if (Peek() == '}') {
    ++at_;
    return Status::Ok();
  }
  for (bool closed = false; !closed;) {
    if (Status status = ReadItem(closed); !status.ok()) return status;
  }
  return Status::Ok();
}

// A pair, or the name of the metric; with the comma or the brace after it.
Status Reader::ReadItem(bool& closed) {
  std::string_view name;
  const size_t from = at_;
  const bool is_quoted = Peek() == '"';
  if (is_quoted) {
    if (!TakeQuoted(name)) return Expected("expected label name");
  } else {
    name = TakeWord(IsLabelStart);
    if (name.empty()) return Expected("expected label name");
  }
  SkipBlanks();
  const char next = Peek();
  if (is_quoted && !AtEnd() && (next == ',' || next == '}')) {
    if (has_name_) return While("metric name already set");
    has_name_ = true;
    entry_.name = Plain(name, Escapes::kLabel);
  } else {
    if (AtEnd() || next != '=') return Expected("expected equal");
    // `=""` alone, and `""="x"`: a label must have a name.
    if (name.empty()) {
      at_ = from;
      return Expected("expected label name");
    }
    ++at_;
    SkipBlanks();
    if (Status status = ReadLabelValue(Plain(name, Escapes::kLabel)); !status.ok()) return status;
    SkipBlanks();
  }
  // A comma between pairs may be missing, and one may trail.
  if (!AtEnd() && Peek() == ',') {
    ++at_;
    SkipBlanks();
  }
  closed = !AtEnd() && Peek() == '}';
  if (closed) ++at_;
  return Status::Ok();
}

Status Reader::ReadLabelValue(std::string_view name) {
  std::string_view value;
  if (Peek() != '"' || !TakeQuoted(value)) return Expected("expected label value");
  if (!relabel::IsValidUtf8(value)) {
    return InvalidInput("invalid UTF-8 label value: " + QuoteExcerpt(value));
  }
  entry_.labels.push_back({name, Plain(value, Escapes::kLabel)});
  return Status::Ok();
}

Status Reader::ReadValue() {
  entry_.key_size = at_;
  while (!AtEnd() && !IsBlank(text_[at_]) && text_[at_] != '{' && text_[at_] != '\n') ++at_;
  const std::string_view value = text_.substr(entry_.key_size, at_ - entry_.key_size);
  if (value.empty()) return Expected("expected value after metric");
  if (!ParseValue(value, entry_.value)) {
    return While(WhyNoValue(value));
  }
  SkipBlanks();
  if (AtEnd()) return Status::Ok();
  const size_t from = at_;
  while (!AtEnd() && IsDigit(text_[at_])) ++at_;
  const std::string_view digits = text_.substr(from, at_ - from);
  if (digits.empty()) return Expected("expected timestamp or new record");
  if (!ParseTimestamp(digits, entry_.timestamp_ms)) {
    return While("strconv.ParseInt: parsing " + QuoteExcerpt(digits) + ": value out of range");
  }
  entry_.has_timestamp = true;
  SkipBlanks();
  if (!AtEnd()) return Expected("expected next entry after timestamp");
  return Status::Ok();
}

}  // namespace

Status TextParser::Parse(std::string_view text, Entry& entry) {
  unescaped_.clear();
  entry.Clear();
  return Reader(text, unescaped_, entry).Read();
}

std::string RespelledValue(const buffer::LabelView& label, buffer::MetricType type) {
  const bool applies = (type == buffer::MetricType::kHistogram && label.name == "le") ||
                       (type == buffer::MetricType::kSummary && label.name == "quantile");
  double value = 0;
  if (!applies || !ParseValue(label.value, value)) return {};
  std::string respelled = FormatOpenMetricsFloat(value);
  if (respelled == label.value) respelled.clear();
  return respelled;
}

}  // namespace sluice::scrape
