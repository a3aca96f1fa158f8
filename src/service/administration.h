// What the operator may do beyond the API, as commands in words; `syncline admin` sends them to the running service
// through admin_socket.h. Whoever may use the data directory may do all of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syncline/result.h"

namespace syncline::service {

// words[0] names the command (administration.cc has the table), the others are its arguments:
//   identity NAME           an operation of Cognito Identity as the developer; body: its JSON; answers its JSON
//   keys-list               {"keys":[{"access_key_id":...,"created_at":seconds}...]}, the oldest first
//   keys-rotate             {"access_key_id":...,"secret_access_key":...}: one more key
//   keys-revoke ID          {}
//   quotas                  {"datasets_per_identity":...,"records_per_dataset":...,"bytes_per_dataset":...}
//   dead-letters AFTER [POOL]   {"dead_letters":[{"id":...,"kind":"push" or "stream",...}...],"last":...}: a page,
//   those
//                           behind AFTER by id; the next one is behind "last", which is 0 when there is none
//   dead-letters-replay WHICH   {"replayed":...}: an id's, a pool's, or "all"; they are sent as if written now
//   dead-letters-discard WHICH  {"discarded":...}, likewise
//   backup FILE             {"file":...,"bytes":...}; an absolute path on the service's machine
struct AdminRequest {
  std::vector<std::string> words;
  std::string body = {};
};

// As one text, and back. Errors: kInvalidArgument.
std::string encode_admin_request(const AdminRequest& request);
Result<AdminRequest> decode_admin_request(std::string_view text);
std::string encode_admin_answer(const Result<std::string>& answer);
Result<std::string> decode_admin_answer(std::string_view text);

}  // namespace syncline::service
