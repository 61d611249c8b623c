// Every kind of origin behind one face.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "peer/origin/file_origin.h"
#include "peer/origin/http_origin.h"
#include "peer/origin/origin_reader.h"

namespace tyto::peer {

struct OriginsOptions {
  FileOriginOptions file;
  HttpOriginOptions http;
};

// Hands each URL to the reader of its scheme: file, http, https. Others fail with kUnsupported
// (resolve) or kOriginFailed (fetch) and a message that names the ones there are. As OriginReader;
// stats() sums over all.
class Origins final : public OriginReader {
 public:
  Origins(io::Loop& loop, OriginsOptions options = {});
  ~Origins() override;

  void resolve(const std::string& url, Resolved resolved) override;
  uint64_t fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                 TransferEvents events) override;
  void cancel(uint64_t fetch) override;
  OriginStats stats() const override;

 private:
  OriginReader* reader_of(const std::string& url);
  template <class Call>
  void post(Call call);
  uint64_t refuse(const std::string& url, TransferEvents events);

  io::Loop& loop_;
  uint64_t failures_ = 0;
  std::set<uint64_t> refused_;  // fetches whose call-back is on its way
  std::shared_ptr<int> alive_;  // for what is posted
  std::unique_ptr<FileOrigin> file_;
  std::unique_ptr<HttpOrigin> http_;
};

}  // namespace tyto::peer
