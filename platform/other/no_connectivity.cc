// system_connectivity() where there is none yet: the app calls Client::network_changed().
#include "syncline/connectivity.h"

namespace syncline {

std::shared_ptr<ConnectivityMonitor> system_connectivity() {
  return nullptr;
}

}  // namespace syncline
