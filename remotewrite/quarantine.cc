#include "remotewrite/quarantine.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"

namespace sluice::remotewrite {
namespace {

constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kOlderSuffix = ".jsonl.1";

std::string FileNameOf(std::string_view destination) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string name;
  for (const char c : destination) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '_' ||
                                       (c == '.' && !name.empty()));
    if (plain) {
      name += c;
    } else {
      name += '%';
      name += kDigits[byte >> 4];
      name += kDigits[byte & 15];
    }
  }
  return name + std::string(kSuffix);
}

Error SystemError(const std::string& path, const std::error_code& error) {
  return Error{ErrorCode::kInternal, path + ": " + error.message()};
}

// In the order in which they are to be read: of each destination the older file first.
Result<std::vector<std::string>> FilesOf(const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> files;  // by what sorts them
  std::error_code error;
  for (auto each = std::filesystem::directory_iterator(directory, error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const std::string path = each->path().string();
    for (const auto& [suffix, rank] : {std::pair(kSuffix, "2"), std::pair(kOlderSuffix, "1")}) {
      if (path.size() < suffix.size() || !path.ends_with(suffix)) continue;
      files.emplace_back(path.substr(0, path.size() - suffix.size()) + '\0' + rank, path);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) return SystemError(directory, error);
  std::sort(files.begin(), files.end());
  std::vector<std::string> paths;
  for (auto& [key, path] : files) paths.push_back(std::move(path));
  return paths;
}

// Every line of every file, oldest first for each destination.
Status ForEachLine(const std::string& directory,
                   const std::function<void(std::string_view)>& take) {
  const Result<std::vector<std::string>> files = FilesOf(directory);
  if (!files.ok()) return files.error();
  for (const std::string& path : *files) {
    const Result<std::string> text = ReadFile(path, LogFile::kBytesMax);
    if (!text.ok()) return text.error();
    std::string_view rest = *text;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      if (end > 0) take(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

class Listing {
 public:
  Listing(const QuarantineListing& wanted, std::ostream& out) : wanted_(wanted), out_(out) {}

  void Add(std::string_view line) {
    const Result<std::unique_ptr<JsonDocument>> document = JsonDocument::Parse(line);
    const JsonView entry = document.ok() ? (*document)->root() : JsonView();
    if (!entry.is_object()) {
      ++unreadable_;
      return;
    }
    if (!wanted_.destination.empty() && entry["destination"].Text() != wanted_.destination) return;
    ++entries_;
    if (wanted_.json) {
      out_ << line << "\n";
      return;
    }
    out_ << entry["time"].Text() << "  " << entry["destination"].Text() << "  HTTP "
         << entry["status"].Text() << "  " << entry["samples"].Text() << " samples  "
         << entry["series"].Text() << "\n    " << entry["answer"].Text() << "\n";
  }

  void Finish() {
    if (unreadable_ > 0) out_ << unreadable_ << " lines cannot be read\n";
    if (!wanted_.json) out_ << entries_ << " entries\n";
  }

 private:
  const QuarantineListing& wanted_;
  std::ostream& out_;
  uint64_t entries_ = 0;
  uint64_t unreadable_ = 0;
};

}  // namespace

Quarantine::Quarantine(QuarantineOptions options, const std::string& destination, std::string shown)
    : options_(std::move(options)),
      destination_(shown.empty() ? destination : std::move(shown)),
      file_(options_.directory + "/" + FileNameOf(destination), options_.bytes_max / 2) {}

Status Quarantine::Add(TimestampMs now, const QuarantineEntry& entry) {
  if (options_.directory.empty() || options_.bytes_max == 0) return {};
  if (!open_) {
    std::error_code error;
    std::filesystem::create_directories(options_.directory, error);
    if (error) return SystemError(options_.directory, error);
    if (Status opened = file_.Open(); !opened.ok()) return opened;
    open_ = true;
  }
  Status written = file_.Write(now, LogLevel::kError, "samples refused",
                               {{"destination", destination_},
                                {"status", entry.http_status},
                                {"answer", entry.answer},
                                {"samples", entry.samples},
                                {"tenant", entry.tenant},
                                {"series", entry.series},
                                {"protocol", entry.protocol},
                                {"request", entry.request ? EncodeBase64(*entry.request) : ""}});
  open_ = written.ok();
  return written;
}

Status ListQuarantine(const std::string& directory, const QuarantineListing& listing,
                      std::ostream& out) {
  Listing all(listing, out);
  if (Status read = ForEachLine(directory, [&](std::string_view line) { all.Add(line); });
      !read.ok()) {
    return read;
  }
  all.Finish();
  return {};
}

Result<std::optional<Refusal>> FindRefusal(const std::string& directory,
                                           std::string_view destination, std::string_view series) {
  std::optional<Refusal> last;
  const Status read = ForEachLine(directory, [&](std::string_view line) {
    const Result<std::unique_ptr<JsonDocument>> document = JsonDocument::Parse(line);
    const JsonView entry = document.ok() ? (*document)->root() : JsonView();
    if (!entry.is_object() || entry["destination"].Text() != destination ||
        entry["series"].Text() != series) {
      return;
    }
    last = Refusal{std::string(entry["time"].Text()), std::string(entry["status"].Text()),
                   std::string(entry["answer"].Text())};
  });
  if (!read.ok()) return read.error();
  return last;
}

}  // namespace sluice::remotewrite
