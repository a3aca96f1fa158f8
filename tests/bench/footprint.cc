// What the library adds to a program: linked with it (SYNCLINE_LINKED) and without, so that footprint.sh can compare
// the stripped sizes. Also tells how much memory an idle client holds.
#include <cstdio>

#ifdef SYNCLINE_LINKED

#include <unistd.h>

#include <fstream>
#include <string>

#include "syncline/syncline.h"

namespace {

// Pages that are this process's own, in KiB (proc(5), statm: resident minus shared).
long own_memory_kib() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  long shared = 0;
  statm >> total >> resident >> shared;
  return (resident - shared) * (sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  const long before = own_memory_kib();
  syncline::ClientOptions options;
  options.data_directory = argc > 1 ? argv[1] : "footprint-data";
  options.endpoint = "http://127.0.0.1:1";
  auto client = syncline::Client::open(std::move(options));
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 1;
  }
  auto dataset = client->dataset("idle");
  if (!dataset) return 1;
  for (int i = 0; i < 1000; ++i) {
    if (!dataset->put("key/" + std::to_string(i), std::string(900, 'v'))) return 1;
  }
  if (!dataset->records()) return 1;
  std::printf("idle client after 1000 records of 900 bytes: %ld KiB\n", own_memory_kib() - before);
  return 0;
}

#else

int main() {
  std::puts("nothing");
  return 0;
}

#endif
