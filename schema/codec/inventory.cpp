// Inventories and chunk roots.
#include <algorithm>

#include "schema/codec/codec.h"
#include "schema/codec/words.h"

namespace tyto {
namespace codec {
namespace {

uint32_t words_of(const Chunking& chunking) {
  return (chunking.chunk_count() + 63) / 64;
}

// `out`: a group of a bitmap's words. Those of zeros at both ends are left out.
template <class Group>
void put_words(const Bitmap& chunks, Group out) {
  const std::vector<uint64_t>& words = chunks.words();
  auto is_set = [](uint64_t word) { return word != 0; };
  auto first = std::find_if(words.begin(), words.end(), is_set);
  auto last = std::find_if(words.rbegin(), std::make_reverse_iterator(first), is_set).base();
  out.setFirstWord(static_cast<uint32_t>(first - words.begin()));
  out.setWords(
      kj::arrayPtr(words.data() + (first - words.begin()), static_cast<std::size_t>(last - first)));
}

void put(const Bitmap& chunks, wire::InventoryEntry::Chunks::Builder out) {
  if (chunks.all()) {
    out.setAll();
    return;
  }
  put_words(chunks, out.initSome());
}

template <class Group>
Bitmap read_words(Decoding& in, Group from, const Chunking& chunking) {
  uint32_t words_max = words_of(chunking);
  auto sent = from.getWords();
  uint32_t first = from.getFirstWord();
  if (first > words_max || sent.size() > words_max - first) {
    in.refuse("words", "a bitmap of at most " + std::to_string(words_max) + " words",
              std::to_string(sent.size()) + " from " + std::to_string(first));
    return {};
  }
  std::vector<uint64_t> words(words_max);
  for (uint32_t i = 0; i < sent.size(); ++i) words[first + i] = sent[i];
  uint32_t count = chunking.chunk_count();
  if (count % 64 != 0 && words.back() >> (count % 64) != 0) {
    in.refuse("words", "no chunk past the last of " + std::to_string(count), "one");
    return {};
  }
  return Bitmap(count, std::move(words));
}

Bitmap read(Decoding& in, wire::InventoryEntry::Chunks::Reader from, const Chunking& chunking) {
  switch (from.which()) {
    case wire::InventoryEntry::Chunks::ALL: return Bitmap::full(chunking.chunk_count());
    case wire::InventoryEntry::Chunks::SOME: return read_words(in, from.getSome(), chunking);
  }
  in.unknown("chunks", from.which());
  return {};
}

void put(const std::vector<ChunkUnderway>& underway, wire::InventoryEntry::Builder out) {
  auto list = out.initUnderway(static_cast<unsigned>(underway.size()));
  for (unsigned i = 0; i < underway.size(); ++i) {
    list[i].setChunk(underway[i].chunk);
    write(underway[i].source, list[i].initSource());
    list[i].setMedium(static_cast<wire::Medium>(underway[i].medium));
  }
}

void read_underway(Decoding& in, wire::InventoryEntry::Reader from, InventoryEntry& entry) {
  auto list = from.getUnderway();
  if (!in.fits("underway", list.size(), kUnderwayPerEntryMax)) return;
  for (uint32_t i = 0; i < list.size() && in.ok(); ++i) {
    Decoding::Inside inside(in, "underway", i);
    in.check_run("chunk", list[i].getChunk(), 1);
    Medium medium = instructing(in, "medium", list[i].getMedium(), Medium::kMemory);
    Decoding::Inside of_source(in, "source");
    entry.underway.push_back({list[i].getChunk(), read(in, list[i].getSource()), medium});
  }
}

void read_in_memory(Decoding& in, wire::InventoryEntry::Reader from, InventoryEntry& entry) {
  if (from.getInMemory().getWords().size() == 0) return;
  Decoding::Inside inside(in, "inMemory");
  entry.in_memory = read_words(in, from.getInMemory(), entry.chunking);
  if (!in.ok()) return;
  for (std::size_t w = 0; w < entry.in_memory.words().size(); ++w)
    if ((entry.in_memory.words()[w] & ~entry.chunks.words()[w]) != 0)
      in.refuse("words", "some of the chunks named", "others");
  if (entry.in_memory.none()) entry.in_memory = Bitmap();
}

InventoryEntry read_entry(Decoding& in, wire::InventoryEntry::Reader from,
                          std::size_t& bitmap_bytes) {
  InventoryEntry entry;
  entry.version = in.version("version", from.getVersion());
  entry.chunking = read_chunking(in, from.getObjectBytes(), from.getChunkBytes());
  std::size_t bitmaps = from.getInMemory().getWords().size() == 0 ? 1 : 2;
  bitmap_bytes += bitmaps * words_of(entry.chunking) * sizeof(uint64_t);
  if (!in.ok() || !in.fits("chunks", bitmap_bytes, kInventoryPageBytesMax)) return entry;
  entry.chunks = read(in, from.getChunks(), entry.chunking);
  entry.roots = in.digests("roots", from.getRoots(), kInventoryPageBytesMax / Digest::kSize);
  if (!entry.roots.empty() && entry.roots.size() != entry.chunks.count()) {
    in.refuse("roots", std::to_string(entry.chunks.count()) + " (one per chunk) or none",
              std::to_string(entry.roots.size()));
  }
  for (const Digest& root : entry.roots) {
    if (root.is_zero()) in.refuse("roots", "digests", "32 bytes of zero");
  }
  read_underway(in, from, entry);
  if (in.ok()) read_in_memory(in, from, entry);
  return entry;
}

InventoryPage read_page(Decoding& in, wire::InventoryPage::Reader from) {
  InventoryPage page;
  page.is_last = from.getIsLast();
  auto entries = from.getEntries();
  if (!in.fits("entries", entries.size(), kInventoryEntriesPerPageMax)) return page;
  std::size_t bitmap_bytes = 0;
  for (uint32_t i = 0; i < entries.size() && in.ok(); ++i) {
    Decoding::Inside inside(in, "entries", i);
    page.entries.push_back(read_entry(in, entries[i], bitmap_bytes));
  }
  return page;
}

RootsPage read_roots(Decoding& in, wire::RootsPage::Reader from) {
  RootsPage page;
  page.version = in.version("version", from.getVersion());
  page.first = from.getFirst();
  page.roots = in.digests("roots", from.getRoots(), kRootsPerPageMax);
  in.check_run("first", page.first, static_cast<uint32_t>(page.roots.size()));
  return page;
}

}  // namespace
}  // namespace codec

void encode(const InventoryPage& page, wire::InventoryPage::Builder out) {
  auto entries = out.initEntries(static_cast<unsigned>(page.entries.size()));
  for (unsigned i = 0; i < page.entries.size(); ++i) {
    const InventoryEntry& entry = page.entries[i];
    TYTO_ASSERT(entry.chunks.size() == entry.chunking.chunk_count());
    entries[i].setVersion(codec::wire_data(entry.version));
    entries[i].setObjectBytes(entry.chunking.object_bytes);
    entries[i].setChunkBytes(entry.chunking.chunk_bytes);
    codec::put(entry.chunks, entries[i].getChunks());
    if (!entry.roots.empty()) entries[i].setRoots(codec::wire_data(entry.roots));
    if (!entry.underway.empty()) codec::put(entry.underway, entries[i]);
    if (!entry.in_memory.none()) codec::put_words(entry.in_memory, entries[i].getInMemory());
  }
  out.setIsLast(page.is_last);
}

void encode(const RootsRequest& request, wire::RootsRequest::Builder out) {
  out.setVersion(codec::wire_data(request.version));
  out.setFirst(request.first);
}

void encode(const RootsPage& page, wire::RootsPage::Builder out) {
  out.setVersion(codec::wire_data(page.version));
  out.setFirst(page.first);
  if (!page.roots.empty()) out.setRoots(codec::wire_data(page.roots));
}

Result<InventoryPage> decode(wire::InventoryPage::Reader in) {
  return codec::decode_message<InventoryPage>(
      "InventoryPage", in, kInventoryPageBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_page(decoding, in); });
}

Result<RootsRequest> decode(wire::RootsRequest::Reader in) {
  return codec::decode_message<RootsRequest>(
      "RootsRequest", in, kKiB, [&](codec::Decoding& decoding) {
        return RootsRequest{decoding.version("version", in.getVersion()), in.getFirst()};
      });
}

Result<RootsPage> decode(wire::RootsPage::Reader in) {
  return codec::decode_message<RootsPage>(
      "RootsPage", in, kExchangeBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_roots(decoding, in); });
}

}  // namespace tyto
