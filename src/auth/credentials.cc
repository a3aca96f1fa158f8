#include "syncline/credentials.h"

#include <utility>

namespace syncline {

namespace {

class StaticCredentials final : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  void get_credentials(CredentialsCallback done) override { done(credentials_); }

 private:
  const Credentials credentials_;
};

}  // namespace

CredentialsProvider::~CredentialsProvider() = default;

bool CredentialsProvider::renew(const Credentials& /*refused*/) {
  return false;
}

std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials) {
  return std::make_shared<StaticCredentials>(std::move(credentials));
}

}  // namespace syncline
