// SecretStore over the desktop's Secret Service (GNOME Keyring, KWallet), by libsecret. A library of its own,
// syncline::libsecret, built with -DSYNCLINE_LIBSECRET=ON.
#pragma once

#include <memory>
#include <string>

#include "syncline/secret_store.h"

namespace syncline {

// `service` names the app ("com.example.game"): its secrets are apart from other apps'. A call may wait for the user to
// unlock the key ring. Errors: kInvalidArgument (`service` is empty); of the store's functions kStorage, in the Secret
// Service's words: there is none, it is locked, the user said no. [any thread] [blocks: D-Bus]
Result<std::shared_ptr<SecretStore>> libsecret_store(std::string service);

}  // namespace syncline
