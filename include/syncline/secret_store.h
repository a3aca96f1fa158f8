// Where credentials are kept over a restart. An app can bring its own: a key chain, a key store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/export.h"
#include "syncline/result.h"

namespace syncline {

// Small secrets (some KB) by name, such as "credentials/us-east-1:GUID". Names and values are UTF-8.
class SYNCLINE_API SecretStore {
 public:
  SecretStore() = default;
  SecretStore(const SecretStore&) = delete;
  SecretStore& operator=(const SecretStore&) = delete;
  virtual ~SecretStore();

  // nullopt: there is none of this name. [called on the client's thread or inside tick(); may block for a moment]
  // Whatever they fail with, the client goes on with what it has in memory; see SignInReport::not_kept. An exception is
  // taken as kInternal.
  virtual Result<std::optional<std::string>> get(std::string_view name) = 0;
  virtual Result<void> set(std::string_view name, std::string_view value) = 0;
  // Removing what is not there is a success.
  virtual Result<void> remove(std::string_view name) = 0;
};

// One file with mode 0600, replaced as a whole with each change; a change is on the disk when set() returns. Several
// processes may use one. Errors: kInvalidArgument (`path` is empty, or others than its owner may read or write the
// file; it is not read then), kStorage, kCorrupt (the file is none of ours or damaged; it stays as it is). [any thread]
// [blocks: disk]
SYNCLINE_API Result<std::shared_ptr<SecretStore>> file_secret_store(std::string path);

}  // namespace syncline
