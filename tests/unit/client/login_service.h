// The real service with a pool that takes guests, users of an OpenID provider and a developer's own; and devices that
// get who they are from it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "device.h"
#include "syncline/identity.h"
#include "unit/service/identity_fixture.h"

namespace syncline::testing {

class LoginTest : public ::testing::Test {
 public:
  // Sets ClientOptions::identity; guests, if nothing else is said.
  void sign_up(Device& device, Login login = Login::guest());

 protected:
  LoginTest();

  // The provider's, good for a day.
  std::string token(const std::string& subject);
  // A callback that answers with such a one at once.
  Login user(std::string subject);
  Login backend_user(std::string name);
  // The body of what a developer asks Cognito Identity for.
  std::string as_developer(std::string_view operation, const std::string& body);
  std::string developer_token(const std::string& name, const std::string& identity, std::string& into);

  static Result<SignInReport> sign_in(Device& device, Login login, GuestData guest_data = GuestData::kMerge);
  // The identity.
  static std::string signed_in(Device& device, Login login, GuestData guest_data = GuestData::kMerge);
  static Result<void> sign_out(Device& device);
  static Result<void> wipe(Device& device, Whose whose);
  // What the service has of a user's, seen by a device that was never here before.
  Values at_service(std::string subject, std::string_view dataset = "game");
  static std::size_t identity_calls(const Device& device, std::string_view operation);

  service::TestProvider provider;

 public:
  Backend backend;

 protected:
  std::string pool;
  int asked = 0;  // login callbacks
};

// One more device.
class LoginDevice : public Device {
 public:
  LoginDevice(LoginTest& test, std::string name, Login login = Login::guest()) : Device(test.backend, std::move(name)) {
    test.sign_up(*this, std::move(login));
  }
};

bool is_identity_call(const HttpRequest& request, std::string_view operation);

}  // namespace syncline::testing
