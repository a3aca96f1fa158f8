// One question to the app: the answer may come at once or later, from any thread, and by mistake twice or never.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "client/driver.h"
#include "syncline/result.h"

namespace syncline {

template <typename T>
class Question {
 public:
  using Use = std::function<void(Result<T>)>;

  // `whom` names the app's part, for errors: "the login callback". `use` runs in a driver step, once, unless the driver
  // stops before.
  Question(const std::shared_ptr<Driver>& driver, std::string whom, Use use)
      : driver_(driver), whom_(std::move(whom)), expected_(driver->expect()), use_(std::move(use)) {}
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() { fail("dropped its callback without calling it"); }

  // The first one counts. [any thread]
  void answer(Result<T> result) {
    Use use;
    Driver::Expectation expected;
    {
      const std::lock_guard guard(mutex_);
      use.swap(use_);
      expected.swap(expected_);
    }
    const auto driver = driver_.lock();
    if (use && driver) driver->post([use = std::move(use), result = std::move(result)] { use(result); });
  }
  void fail(const std::string& what) { answer(Error{.code = ErrorCode::kInternal, .message = whom_ + " " + what}); }

 private:
  const std::weak_ptr<Driver> driver_;
  const std::string whom_;
  std::mutex mutex_;
  Driver::Expectation expected_;
  Use use_;  // empty: it was answered
};

}  // namespace syncline
