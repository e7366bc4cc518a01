// Result and Status: how functions that can fail on foreign input or on their environment answer.
//
// No exceptions cross a module: libraries that throw are caught at the wall of the module that
// uses them and turned into an Error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace sluice {

// Says what the caller is to do next. The set is closed; switches over it have no default.
enum class ErrorCode {
  kInvalidInput,       // reject it: the same input fails again
  kRetryable,          // back off and try again
  kRejected,           // the peer refused it for good: drop and count
  kTimeout,            // a deadline passed
  kResourceExhausted,  // a bound was reached: shed
  kCorruption,         // stored bytes are damaged: skip, count, name
  kNotFound,           // what was asked for is not there
  kCancelled,          // we are stopping
  kInternal,           // a library failed in a way that has no better name
};

std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // `context: message`, for the one line of context that each layer adds on the way up.
  [[nodiscard]] Error WithContext(std::string_view context) const;
};

// A value or an Error. value() on an error aborts: test ok() first.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: by design

  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: by design

  bool ok() const { return state_.index() == 0; }

  explicit operator bool() const { return ok(); }

  T& value() & { return *Checked(); }

  const T& value() const& { return *const_cast<Result*>(this)->Checked(); }

  T&& value() && { return std::move(*Checked()); }

  T& operator*() & { return value(); }

  const T& operator*() const& { return value(); }

  T&& operator*() && { return std::move(*this).value(); }

  T* operator->() { return &value(); }

  const T* operator->() const { return &value(); }

  // Only when !ok().
  const Error& error() const { return std::get<1>(state_); }

 private:
  T* Checked();

  std::variant<T, Error> state_;
};

// Success, or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;

  Status(Error error) : error_(std::move(error)) {}  // NOLINT: by design

  static Status Ok() { return {}; }

  bool ok() const { return !error_.has_value(); }

  explicit operator bool() const { return ok(); }

  // Only when !ok().
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

inline Error InvalidInput(std::string message) {
  return Error{ErrorCode::kInvalidInput, std::move(message)};
}

inline Error Corruption(std::string message) {
  return Error{ErrorCode::kCorruption, std::move(message)};
}

// Prints `what` with file and line, then aborts. For states that are impossible after start;
// never for the content of a file or packet.
[[noreturn]] void Die(const char* file, int line, std::string_view what);

#define SLUICE_CHECK(condition)                                \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::sluice::Die(__FILE__, __LINE__, "check: " #condition); \
    }                                                          \
  } while (false)

template <class T>
T* Result<T>::Checked() {
  T* value = std::get_if<0>(&state_);
  if (value == nullptr) [[unlikely]] {
    Die(__FILE__, __LINE__, "value() of an error: " + error().message);
  }
  return value;
}

}  // namespace sluice
