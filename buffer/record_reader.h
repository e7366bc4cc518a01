// Reads records front to back, whatever state the files are in.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "buffer/progress.h"
#include "buffer/store.h"

namespace sluice::buffer {

// Short-lived, as the cursor inside it. Thread-compatible.
class RecordReader {
 public:
  // Records from `from` on, up to `end`, which is not included.
  RecordReader(const Store& store, Sequence from, Sequence end)
      : cursor_(store.NewCursor()), at_(from), end_(end) {}

  // Moves to the next record that can be read. False when there is none before the end.
  bool Next();

  // Of the record stood on; the view is valid until the next move.
  Sequence sequence() const { return cursor_.sequence(); }

  std::string_view value() const { return cursor_.value(); }

  // A stretch of sequences that could not be read.
  struct Unreadable {
    Sequence first = 0;
    uint64_t count = 0;
  };

  // What the last Next() passed over; a count of 0 when nothing.
  Unreadable unreadable() const { return unreadable_; }

 private:
  bool Arrive();

  StoreCursor cursor_;
  Sequence at_;
  Sequence end_;
  bool started_ = false;
  Unreadable unreadable_;
};

}  // namespace sluice::buffer
