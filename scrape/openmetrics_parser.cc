#include "scrape/openmetrics_parser.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/utf8.h"
#include "scrape/escapes.h"
#include "scrape/number.h"
#include "scrape/openmetrics_lexer.h"

namespace sluice::scrape {
namespace {

using Token = OpenMetricsToken;
using buffer::LabelView;
using buffer::MetricType;

bool FindType(std::string_view name, MetricType& type) {
  struct Named {
    std::string_view name;
    MetricType type;
  };

  static constexpr std::array<Named, 8> kTypes = {{{"counter", MetricType::kCounter},
                                                   {"gauge", MetricType::kGauge},
                                                   {"histogram", MetricType::kHistogram},
                                                   {"gaugehistogram", MetricType::kGaugeHistogram},
                                                   {"summary", MetricType::kSummary},
                                                   {"info", MetricType::kInfo},
                                                   {"stateset", MetricType::kStateset},
                                                   {"unknown", MetricType::kUnknown}}};
  for (const Named& named : kTypes) {
    if (named.name != name) continue;
    type = named.type;
    return true;
  }
  return false;
}

bool IsUnitOf(std::string_view unit, std::string_view family) {
  return family.size() > unit.size() && family.ends_with(unit) &&
         family[family.size() - unit.size() - 1] == '_';
}

// As Go's %f, of what is no number.
std::string_view NonFiniteText(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string_view WithoutQuotes(std::string_view token) { return token.substr(1, token.size() - 2); }

// Reads one entry front to back.
class Reader {
 public:
  Reader(OpenMetricsLexer lexer, std::list<std::string>& unescaped, std::vector<LabelView>& spare,
         Entry& entry)
      : lexer_(lexer), unescaped_(unescaped), spare_(spare), entry_(entry) {}

  Status Read();
  Status ReadRest();

 private:
  enum class Braces { kSample, kExemplar };

  Status ReadMetadata(Token keyword);
  Status ReadSample(Token first);
  Status ReadBraces(Braces braces, std::vector<LabelView>& labels);
  Status ReadItem(Braces braces, Token& token, std::vector<LabelView>& labels);
  Status SetName(std::string_view quoted);
  Status ReadEnd(Token token);
  Status ReadAfterTimestamp();
  Status ReadExemplar();
  Status ReadValue(Token token, std::string_view after, double& value);
  Status ReadTimestamp(std::string_view what, TimestampMs& timestamp_ms);

  std::string_view Plain(std::string_view raw) {
    if (raw.find('\\') == std::string_view::npos) return raw;
    return unescaped_.emplace_back(Unescape(raw, Escapes::kLabel));
  }

  Error Expected(std::string_view what, Token got) const {
    std::string message(what);
    message.append(", got ").append(QuoteExcerpt(lexer_.Excerpt(lexer_.start())));
    message.append(" (\"").append(NameOf(got)).append("\") while parsing: ");
    return InvalidInput(message + QuoteExcerpt(lexer_.Excerpt(from_)));
  }

  Error While(std::string_view what) const {
    return InvalidInput(std::string(what) + " while parsing: " + QuoteExcerpt(lexer_.Read(from_)));
  }

  OpenMetricsLexer lexer_;
  std::list<std::string>& unescaped_;
  std::vector<LabelView>& spare_;
  Entry& entry_;
  size_t from_ = 0;  // where error messages begin to quote
  bool has_name_ = false;
};

Status Reader::Read() {
  const Token first = lexer_.Next();
  switch (first) {
    case Token::kEofWord:
      if (lexer_.Next() != Token::kEnd) return DataBehindEnd();
      entry_.kind = EntryKind::kEnd;
      return Status::Ok();
    case Token::kEnd:
      return NoEndMark();
    case Token::kHelp:
    case Token::kType:
    case Token::kUnit:
      return ReadMetadata(first);
    case Token::kMetricName:
    case Token::kBraceOpen:
      return ReadSample(first);
    default:
      return Expected("expected a valid start token", first);
  }
}

Status Reader::ReadRest() {
  entry_.kind = EntryKind::kSample;
  return ReadEnd(lexer_.Next());
}

Status Reader::ReadMetadata(Token keyword) {
  const std::string word(NameOf(keyword));
  if (const Token token = lexer_.Next(); token != Token::kMetricName) {
    return Expected("expected metric name after " + word, token);
  }
  const std::string_view written = lexer_.token();
  const std::string_view name = written.front() == '"' ? WithoutQuotes(written) : written;
  entry_.name = Plain(name);
  if (lexer_.Next() != Token::kText) return InvalidInput("expected text in " + word);
  // Between the blank and the newline.
  const std::string_view text = WithoutQuotes(lexer_.token());
  if (keyword == Token::kType) {
    entry_.kind = EntryKind::kType;
    if (FindType(text, entry_.type)) return Status::Ok();
    return InvalidInput("invalid metric type " + QuoteExcerpt(text));
  }
  if (keyword == Token::kHelp) {
    entry_.kind = EntryKind::kHelp;
    entry_.help = Plain(text);
    if (IsValidUtf8(text)) return Status::Ok();
    return InvalidInput("help text " + QuoteExcerpt(text) + " is not a valid utf8 string");
  }
  entry_.kind = EntryKind::kUnit;
  entry_.unit = text;
  if (text.empty() || IsUnitOf(text, name)) return Status::Ok();
  return InvalidInput("unit " + QuoteExcerpt(text) + " not a suffix of metric " +
                      QuoteExcerpt(name));
}

Status Reader::ReadSample(Token first) {
  entry_.kind = EntryKind::kSample;
  Token next = first;
  if (first == Token::kMetricName) {
    entry_.name = lexer_.token();
    has_name_ = true;
    next = lexer_.Next();
  }
  if (next == Token::kBraceOpen) {
    if (Status status = ReadBraces(Braces::kSample, entry_.labels); !status.ok()) return status;
    next = lexer_.Next();
  }
  if (!has_name_) return While("metric name not set");
  return ReadEnd(next);
}

Status Reader::ReadBraces(Braces braces, std::vector<LabelView>& labels) {
  Token token = lexer_.Next();
  while (token != Token::kBraceClose) {
    if (Status status = ReadItem(braces, token, labels); !status.ok()) return status;
  }
  return Status::Ok();
}

// A pair, or the name of the metric, that starts with `token`; leaves the token after it there, or
// after the comma behind it.
Status Reader::ReadItem(Braces braces, Token& token, std::vector<LabelView>& labels) {
  const bool is_quoted = token == Token::kQuotedName;
  if (!is_quoted && token != Token::kLabelName) return Expected("expected label name", token);
  const std::string_view written = lexer_.token();
  token = lexer_.Next();
  if (token == Token::kComma || token == Token::kBraceClose) {
    if (braces == Braces::kExemplar) return Expected("expected label name", token);
    if (!is_quoted) return Expected("expected equal", token);
    if (Status status = SetName(written); !status.ok()) return status;
    if (token == Token::kComma) token = lexer_.Next();
    return Status::Ok();
  }
  const std::string_view name = is_quoted ? WithoutQuotes(written) : written;
  if (token != Token::kEqual) return Expected("expected equal", token);
  token = lexer_.Next();
  if (token != Token::kLabelValue) return Expected("expected label value", token);
  const std::string_view quoted = lexer_.token();
  if (!IsValidUtf8(quoted)) {
    return InvalidInput("invalid UTF-8 label value: " + QuoteExcerpt(quoted));
  }
  const std::string_view value = WithoutQuotes(quoted);
  const bool is_exemplar = braces == Braces::kExemplar;
  labels.push_back({is_exemplar ? name : Plain(name), is_exemplar ? value : Plain(value)});
  token = lexer_.Next();
  if (token == Token::kComma) {
    token = lexer_.Next();
  } else if (token != Token::kBraceClose) {
    return Expected("expected comma or brace close", token);
  }
  return Status::Ok();
}

Status Reader::SetName(std::string_view quoted) {
  if (has_name_) return While("metric name already set");
  has_name_ = true;
  entry_.name = Plain(WithoutQuotes(quoted));
  return Status::Ok();
}

// From the value on.
Status Reader::ReadEnd(Token token) {
  if (token == Token::kValue) entry_.key_size = lexer_.start() + 1;
  if (Status status = ReadValue(token, "metric", entry_.value); !status.ok()) return status;
  token = lexer_.Next();
  switch (token) {
    case Token::kEnd:
      return NoEndMark();
    case Token::kLineBreak:
      return Status::Ok();
    case Token::kExemplar:
      return ReadExemplar();
    case Token::kTimestamp:
      return ReadAfterTimestamp();
    default:
      // Taken for the start of the next entry.
      from_ = lexer_.end();
      token = lexer_.Next();
      return token == Token::kEnd ? NoEndMark() : Expected("expected a valid start token", token);
  }
}

Status Reader::ReadAfterTimestamp() {
  if (Status status = ReadTimestamp("timestamp", entry_.timestamp_ms); !status.ok()) return status;
  entry_.has_timestamp = true;
  const Token token = lexer_.Next();
  if (token == Token::kLineBreak) return Status::Ok();
  if (token == Token::kExemplar) return ReadExemplar();
  return Expected("expected next entry after timestamp", token);
}

Status Reader::ReadExemplar() {
  ExemplarView& exemplar = entry_.exemplars.emplace_back();
  exemplar.labels = std::exchange(spare_, {});
  if (Status status = ReadBraces(Braces::kExemplar, exemplar.labels); !status.ok()) return status;
  Status status = ReadValue(lexer_.Next(), "exemplar labels", exemplar.value);
  if (!status.ok()) return status;
  Token token = lexer_.Next();
  if (token == Token::kEnd) return NoEndMark();
  if (token == Token::kLineBreak) return Status::Ok();
  if (token != Token::kTimestamp) return Expected("expected timestamp or comment", token);
  status = ReadTimestamp("exemplar timestamp", exemplar.timestamp_ms);
  if (!status.ok()) return status;
  exemplar.has_timestamp = true;
  token = lexer_.Next();
  if (token == Token::kLineBreak) return Status::Ok();
  return Expected("expected next entry after exemplar timestamp", token);
}

Status Reader::ReadValue(Token token, std::string_view after, double& value) {
  if (token != Token::kValue) {
    return Expected("expected value after " + std::string(after), token);
  }
  const std::string_view text = lexer_.token().substr(1);
  return ParseValue(text, value) ? Status::Ok() : Status(While(WhyNoValue(text)));
}

// Seconds, to be cut to milliseconds.
Status Reader::ReadTimestamp(std::string_view what, TimestampMs& timestamp_ms) {
  const std::string_view text = lexer_.token().substr(1);
  double seconds = 0;
  if (!ParseValue(text, seconds)) return While(WhyNoValue(text));
  if (!std::isfinite(seconds)) {
    return InvalidInput("invalid " + std::string(what) + " " + std::string(NonFiniteText(seconds)));
  }
  timestamp_ms = MillisecondsOf(seconds);
  return Status::Ok();
}

}  // namespace

Status OpenMetricsParser::Parse(std::string_view text, Entry& entry) {
  Clear(entry);
  return Reader(OpenMetricsLexer(text), unescaped_, spare_, entry).Read();
}

Status OpenMetricsParser::ParseRest(std::string_view text, Entry& entry) {
  Clear(entry);
  const OpenMetricsLexer lexer(text, OpenMetricsLexer::State::kValue);
  return Reader(lexer, unescaped_, spare_, entry).ReadRest();
}

void OpenMetricsParser::Clear(Entry& entry) {
  unescaped_.clear();
  if (!entry.exemplars.empty()) {
    spare_ = std::move(entry.exemplars.front().labels);
    spare_.clear();
  }
  entry.Clear();
}

Error NoEndMark() { return InvalidInput("data does not end with # EOF"); }

Error DataBehindEnd() { return InvalidInput("unexpected data after # EOF"); }

}  // namespace sluice::scrape
