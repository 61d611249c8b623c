#include "tests/fuzz/message_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tyto::fuzz::decode<tyto::RegisterRequest>(data, size);
  tyto::fuzz::decode<tyto::RegisterReply>(data, size);
  tyto::fuzz::decode<tyto::RegisterMoved>(data, size);
  return 0;
}
