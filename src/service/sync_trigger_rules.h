// A sync trigger's event, and what its function made of it (protocol.md, section 7). Pure. [any thread]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/rules.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// `stored` is all of the dataset, tombstones included.
std::string trigger_event(std::string_view region, const wire::Target& target, const std::vector<RemoteRecord>& stored,
                          const std::vector<Patch>& patches);

// What is to be written: a patch that the function changed, removed or left as it was; a record that it added or
// changed by itself; not what it left out. Each carries the count that the record has in `stored`. Error:
// kInvalidLambdaFunctionOutput, naming what is wrong.
Result<std::vector<Patch>> patches_of(std::string_view output, std::string_view region, const wire::Target& target,
                                      const std::vector<RemoteRecord>& stored, const std::vector<Patch>& patches);

}  // namespace syncline::service
