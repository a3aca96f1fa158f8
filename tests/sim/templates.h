// Files as a first start leaves them: they save each history the making of its schemas. [one thread]
#pragma once

#include <string>

#include "sim/service_host.h"

namespace syncline::sim {

struct Templates {
  Installation plain;
  Installation accounts;    // with a pool for guests, logins and pushes
  Installation deliveries;  // whose pool has pushes and a stream
  std::string store;
};

// `root`: a directory of the real file system, for lock files; the same for all histories. Throws std::runtime_error.
Templates make_templates(const std::string& root);

}  // namespace syncline::sim
