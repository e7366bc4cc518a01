// Reads records front to back, whatever state the files are in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "buffer/progress.h"
#include "buffer/store.h"

namespace sluice::buffer {

// Short-lived, as the cursor inside it. Thread-compatible.
class RecordReader {
 public:
  // Whether what cannot be read from this sequence on, because of this error, is to be passed over.
  using PassesOver = std::function<bool(Sequence, const Error&)>;

  // Records from `from` on, up to `end`, which is not included. Without `passes_over` everything
  // that cannot be read is passed over.
  RecordReader(const Store& store, Sequence from, Sequence end, PassesOver passes_over = nullptr)
      : cursor_(store.NewCursor()), at_(from), end_(end), passes_over_(std::move(passes_over)) {}

  // Moves to the next record that can be read. False when there is none before the end, or when it
  // stops at something that is not passed over.
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

  // Why it stopped, if not at the end.
  const std::optional<Error>& error() const { return error_; }

 private:
  bool Arrive();

  StoreCursor cursor_;
  Sequence at_;
  Sequence end_;
  PassesOver passes_over_;
  bool started_ = false;
  Unreadable unreadable_;
  std::optional<Error> error_;
};

}  // namespace sluice::buffer
