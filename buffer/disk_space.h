// Room on the file system: how much there is, and a reserve for the moment when there is none.
//
// A full disk stops RocksDB from writing down progress, and without progress nothing can be
// deleted. So appends stop before the disk is full, and a ballast file can be given up to get out
// of it; the database also needs that room to be opened on a full disk.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::buffer {

enum class Room {
  kPlenty,
  kTight,  // something old should go
  kNone,   // nothing may be appended
};

// Thread-compatible, but for room(), which is Thread-safe.
class DiskSpace {
 public:
  // `reserve_bytes` is both what appends leave free and the size of the ballast.
  DiskSpace(std::string directory, uint64_t reserve_bytes);

  // kNone with less than the reserve free, kTight with less than twice that; kPlenty when the
  // system does not tell.
  Room room() const;

  // Before the database is opened: gives up the ballast when there is too little room otherwise.
  void BeforeOpen() const;
  // Now and then: gives the ballast up when nearly nothing is left, makes it again when there is
  // plenty of room.
  void Tend() const;

 private:
  uint64_t FreeBytes() const;
  void MakeBallast() const;

  std::string directory_;
  std::string ballast_path_;
  uint64_t reserve_bytes_;
};

}  // namespace sluice::buffer
