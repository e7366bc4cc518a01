#include "scrape/discovery/file/file_match.h"

#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <vector>

#include <fnmatch.h>

#include "scrape/discovery/file/file_discovery.h"

namespace sluice::scrape {
namespace {

bool IsAbsence(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

}  // namespace

std::string FolderOf(const std::string& pattern) {
  const size_t slash = pattern.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : pattern.substr(0, slash);
}

bool AddMatches(const std::string& pattern, std::set<std::string>& files) {
  const size_t slash = pattern.rfind('/');
  const std::string prefix = slash == std::string::npos ? "" : pattern.substr(0, slash + 1);
  const std::string name_pattern = pattern.substr(prefix.size());
  if (name_pattern.find_first_of("*?[") == std::string::npos) {
    struct stat ignored {};

    // Not followed: a link whose target is missing is a file that cannot be read, and not no file.
    if (lstat(pattern.c_str(), &ignored) == 0) files.insert(pattern);
    return true;
  }
  std::error_code error;
  std::filesystem::directory_iterator entry(FolderOf(pattern), error);
  const std::filesystem::directory_iterator end;
  while (!error && entry != end) {
    const std::string name = entry->path().filename().string();
    if (fnmatch(name_pattern.c_str(), name.c_str(), 0) == 0) files.insert(prefix + name);
    entry.increment(error);
  }
  return !error || IsAbsence(error);
}

std::vector<std::string> MatchFiles(const std::vector<std::string>& patterns) {
  std::set<std::string> files;
  for (const std::string& pattern : patterns) AddMatches(pattern, files);
  return {files.begin(), files.end()};
}

}  // namespace sluice::scrape
