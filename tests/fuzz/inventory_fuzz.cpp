#include "tests/fuzz/message_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tyto::fuzz::decode<tyto::InventoryPage>(data, size);
  tyto::fuzz::decode<tyto::RootsPage>(data, size);
  tyto::fuzz::decode<tyto::RootsRequest>(data, size);
  return 0;
}
