// Result<T>: a value or an Error. Member names are std::expected's (C++23), so that code moves over unchanged. [any
// thread] value() and operator* on an error, and error() on a value, end the program: there are no exceptions here.
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "syncline/error.h"

namespace syncline {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = Error;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  template <typename U>
  requires(std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result<T>>)
      Result(U&& value)  // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & { return checked<0>(state_); }
  [[nodiscard]] const T& value() const& { return checked<0>(state_); }
  [[nodiscard]] T&& value() && { return std::move(checked<0>(state_)); }
  T& operator*() & { return checked<0>(state_); }
  const T& operator*() const& { return checked<0>(state_); }
  T&& operator*() && { return std::move(checked<0>(state_)); }
  T* operator->() { return &checked<0>(state_); }
  const T* operator->() const { return &checked<0>(state_); }

  [[nodiscard]] Error& error() & { return checked<1>(state_); }
  [[nodiscard]] const Error& error() const& { return checked<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::move(checked<1>(state_)); }

  template <typename U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
  }
  template <typename U>
  [[nodiscard]] T value_or(U&& fallback) && {
    return has_value() ? std::move(**this) : static_cast<T>(std::forward<U>(fallback));
  }

  template <typename F>
  auto and_then(F&& next) && -> std::remove_cvref_t<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return std::move(*this).error();
    return std::forward<F>(next)(std::move(**this));
  }
  template <typename F>
  auto transform(F&& next) && -> Result<std::remove_cvref_t<std::invoke_result_t<F, T&&>>> {
    if (!has_value()) return std::move(*this).error();
    return std::forward<F>(next)(std::move(**this));
  }

 private:
  template <std::size_t I, typename State>
  static auto& checked(State& state) {
    auto* held = std::get_if<I>(&state);
    if (held == nullptr) std::abort();
    return *held;
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  using error_type = Error;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) std::abort();
  }
  [[nodiscard]] Error& error() & {
    if (!error_) std::abort();
    return *error_;
  }
  [[nodiscard]] const Error& error() const& {
    if (!error_) std::abort();
    return *error_;
  }
  [[nodiscard]] Error&& error() && { return std::move(error()); }

  template <typename F>
  auto and_then(F&& next) && -> std::remove_cvref_t<std::invoke_result_t<F>> {
    if (!has_value()) return std::move(*this).error();
    return std::forward<F>(next)();
  }

 private:
  std::optional<Error> error_;
};

// [dispatcher] How a call without an answer ends. Called exactly once.
using DoneCallback = std::function<void(const Result<void>&)>;

}  // namespace syncline
