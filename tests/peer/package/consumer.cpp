// Uses the installed library: connects, reads an object if told so, and leaves.
#include <cstdio>
#include <vector>

#include "tyto/peer.h"

int main(int argc, char** argv) {
  tyto::PeerOptions options;
  options.trackers = {argc > 1 ? argv[1] : "127.0.0.1:1"};
  options.listen = "127.0.0.1:0";
  auto peer = tyto::Peer::connect(options);
  if (!peer.ok()) {
    std::fprintf(stderr, "%s\n", peer.error().message.c_str());
    return 1;
  }
  if (argc > 3) {
    auto object = peer->open(argv[2], argv[3]);
    if (!object.ok()) {
      std::fprintf(stderr, "%s\n", object.error().message.c_str());
      return 1;
    }
    std::vector<std::byte> buffer(1 << 20);
    unsigned long long total = 0;
    for (;;) {
      auto got = object->next(buffer);
      if (!got.ok()) return 1;
      if (*got == 0) break;
      total += *got;
    }
    std::printf("read %llu of %llu bytes\n", total,
                static_cast<unsigned long long>(object->size()));
  }
  std::printf("serves on port %u, lends %llu bytes\n", peer->port(),
              static_cast<unsigned long long>(peer->stats().store_limit_bytes));
  peer->leave(tyto::Duration::seconds(1));
  return 0;
}
