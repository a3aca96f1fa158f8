// What to do when somebody else has deleted a dataset at the service that is still held here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace syncline {

struct RemoteDeletion {
  std::string dataset = {};
  std::size_t records = 0;  // present here, as the app sees them
  std::size_t pending = 0;  // local writes that the service has not acknowledged
  bool made_anew = false;   // another dataset of this name is at the service by now; its records win over clean ones
};

enum class DeletionAnswer : std::uint8_t {
  kForget,  // what the service held goes here too; writes that it has not acknowledged stay, and make the dataset anew
  kKeep,    // all records stay, and are uploaded again
};

// [dispatcher] Asked once for each deletion, inside a synchronize(), if anything is held here. Nothing is changed at
// the service before it answered, and nothing here; throwing fails the synchronize() with kInternal, and the next asks
// again. Without a handler: kForget.
using DeletionHandler = std::function<DeletionAnswer(const RemoteDeletion&)>;

}  // namespace syncline
