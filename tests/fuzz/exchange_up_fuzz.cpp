#include "tests/fuzz/message_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tyto::fuzz::decode<tyto::ExchangeUp>(data, size);
  return 0;
}
