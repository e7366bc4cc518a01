// Says when something changes in folders, also in such that do not exist yet.
#pragma once

#include <set>
#include <string>

#include "base/result.h"

namespace sluice::scrape {

// A folder above an existing one that is renamed, or a link on the way to it that is changed, goes
// unnoticed until the next Watch(). Bound to one thread.
class FolderWatch {
 public:
  FolderWatch();
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Readable when something may have changed; -1 when the kernel gave none.
  int fd() const { return fd_; }

  // Watches exactly these from now on. Of a folder that is not there the nearest one above it is
  // watched instead: call again after each change. An error names the first that failed; the others
  // are watched all the same.
  Status Watch(const std::set<std::string>& folders);

  // Takes what was reported so far; true if there was anything of interest.
  bool Drain();

 private:
  // The watch descriptor; or -1 and errno.
  int AddNearest(const std::string& folder) const;

  int fd_ = -1;
  std::set<int> watches_;
};

}  // namespace sluice::scrape
