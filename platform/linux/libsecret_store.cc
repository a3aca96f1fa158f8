#include "libsecret_store.h"

#include <libsecret/secret.h>

#include <optional>
#include <utility>

namespace syncline {

namespace {

// What tells one secret from another in the key ring.
const SecretSchema* schema() {
  static const SecretSchema known = [] {
    SecretSchema made{};
    made.name = "org.syncline.Secret";
    made.flags = SECRET_SCHEMA_NONE;
    made.attributes[0] = {"service", SECRET_SCHEMA_ATTRIBUTE_STRING};
    made.attributes[1] = {"name", SECRET_SCHEMA_ATTRIBUTE_STRING};
    return made;
  }();
  return &known;
}

Error take_error(GError* error) {
  Error taken{.code = ErrorCode::kStorage, .message = std::string("secret service: ") + error->message};
  g_error_free(error);
  return taken;
}

class LibsecretStore final : public SecretStore {
 public:
  explicit LibsecretStore(std::string service) : service_(std::move(service)) {}

  Result<std::optional<std::string>> get(std::string_view name) override {
    GError* error = nullptr;
    gchar* found = secret_password_lookup_sync(schema(), nullptr, &error, "service", service_.c_str(), "name",
                                               std::string(name).c_str(), nullptr);
    if (error != nullptr) return take_error(error);
    if (found == nullptr) return std::optional<std::string>();
    std::optional<std::string> secret(found);
    secret_password_free(found);  // overwrites it
    return secret;
  }

  Result<void> set(std::string_view name, std::string_view value) override {
    GError* error = nullptr;
    const auto label = service_ + " " + std::string(name);
    secret_password_store_sync(schema(), SECRET_COLLECTION_DEFAULT, label.c_str(), std::string(value).c_str(), nullptr,
                               &error, "service", service_.c_str(), "name", std::string(name).c_str(), nullptr);
    if (error != nullptr) return take_error(error);
    return {};
  }

  Result<void> remove(std::string_view name) override {
    GError* error = nullptr;
    secret_password_clear_sync(schema(), nullptr, &error, "service", service_.c_str(), "name",
                               std::string(name).c_str(), nullptr);
    if (error != nullptr) return take_error(error);
    return {};
  }

 private:
  const std::string service_;
};

}  // namespace

Result<std::shared_ptr<SecretStore>> libsecret_store(std::string service) {
  if (service.empty()) {
    return Error{.code = ErrorCode::kInvalidArgument, .message = "secret service: the app's name is empty"};
  }
  return std::shared_ptr<SecretStore>(std::make_shared<LibsecretStore>(std::move(service)));
}

}  // namespace syncline
