// Manifests as torrent files of BitTorrent v2 (BEP 52).
#include <cstring>

#include "base/assert.h"
#include "base/names.h"
#include "schema/manifest/bencode.h"
#include "schema/manifest/manifest.h"

namespace tyto {
namespace {

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), Digest::kSize};
}

Digest as_digest(std::string_view text) {
  TYTO_ASSERT(text.size() == Digest::kSize);
  Digest digest;
  std::memcpy(digest.bytes.data(), text.data(), Digest::kSize);
  return digest;
}

Error broken(const std::string& what) {
  return Error{ErrorCode::kInvalidArgument, "torrent: " + what};
}

Error unsupported(const std::string& what) {
  return Error{ErrorCode::kUnsupported,
               "torrent: " + what + "; a BitTorrent v2 torrent of a single file is needed"};
}

// The only file of the tree, as {"": {length, pieces root}} hangs under its name.
Result<const BencodeValue*> find_file(const BencodeValue& info, std::string_view name) {
  const BencodeValue* tree = info.find("file tree");
  if (tree == nullptr || !tree->is_dictionary() || tree->keys.empty()) {
    return broken("the info dictionary has no 'file tree'");
  }
  if (tree->keys.size() > 1) return unsupported("it holds several files");
  const BencodeValue& entry = tree->items[0];
  const BencodeValue* file = entry.find("");
  if (file == nullptr || entry.keys.size() != 1 || tree->keys[0] != name) {
    return unsupported("it holds a folder");
  }
  if (!file->is_dictionary()) return broken("the file's entry is not a dictionary");
  const BencodeValue* attributes = file->find("attr");
  if (attributes != nullptr && attributes->text.find_first_of("lp") != std::string_view::npos) {
    return unsupported("its file is a symbolic link or padding");
  }
  return file;
}

Result<Chunking> read_chunking(const BencodeValue& info, const BencodeValue& file) {
  const BencodeValue* length = file.find("length");
  const BencodeValue* piece = info.find("piece length");
  if (length == nullptr || !length->is_integer() || length->integer < 0) {
    return broken("the file has no 'length'");
  }
  if (piece == nullptr || !piece->is_integer()) return broken("it has no 'piece length'");
  Chunking chunking{static_cast<uint64_t>(length->integer), 0};
  if (piece->integer >= 0 && piece->integer <= kChunkBytesMax) {
    chunking.chunk_bytes = static_cast<uint32_t>(piece->integer);
  }
  if (chunking.is_valid()) return chunking;
  return unsupported("a file of " + std::to_string(length->integer) + " bytes in pieces of " +
                     std::to_string(piece->integer) +
                     " is not of pieces of a power of two, 16 KiB to 16 MiB, at most " +
                     std::to_string(kChunksMax) + " of them");
}

Result<Digest> read_pieces_root(const BencodeValue& file, const Chunking& chunking) {
  const BencodeValue* root = file.find("pieces root");
  if (chunking.object_bytes == 0) {
    if (root != nullptr) return broken("an empty file has a 'pieces root'");
    return Digest{};
  }
  if (root == nullptr || root->text.size() != Digest::kSize) {
    return broken("the file has no 'pieces root' of 32 bytes");
  }
  return as_digest(root->text);
}

Result<std::vector<Digest>> read_chunk_roots(const BencodeValue& torrent,
                                             const Manifest& manifest) {
  uint32_t chunks = manifest.chunking.chunk_count();
  if (chunks == 0) return std::vector<Digest>{};
  if (chunks == 1) return std::vector<Digest>{manifest.pieces_root};
  const BencodeValue* layers = torrent.find("piece layers");
  const BencodeValue* layer =
      layers == nullptr ? nullptr : layers->find(as_text(manifest.pieces_root));
  if (layer == nullptr || !layer->is_string()) {
    return broken(
        "'piece layers' has none for its file: fetch the torrent file from where it is whole");
  }
  if (layer->text.size() != chunks * Digest::kSize) {
    return broken("expected a piece layer of " + std::to_string(chunks) + " hashes, found " +
                  std::to_string(layer->text.size()) + " bytes");
  }
  std::vector<Digest> roots;
  roots.reserve(chunks);
  for (std::size_t at = 0; at < layer->text.size(); at += Digest::kSize) {
    roots.push_back(as_digest(layer->text.substr(at, Digest::kSize)));
  }
  return roots;
}

// Whether it is a torrent of the right kind at all; its info dictionary.
Result<const BencodeValue*> find_info(const BencodeValue& torrent) {
  const BencodeValue* info = torrent.find("info");
  if (info == nullptr || !info->is_dictionary()) return broken("it has no info dictionary");
  const BencodeValue* version = info->find("meta version");
  if (version == nullptr) return unsupported("it is of BitTorrent v1");
  if (!version->is_integer() || version->integer != 2) {
    return unsupported("'meta version' is not 2");
  }
  return info;
}

}  // namespace

std::string info_dictionary(const Manifest& manifest) {
  TYTO_ASSERT(check_manifest(manifest).ok());
  BencodeWriter out;
  out.begin_dictionary();
  out.key("file tree").begin_dictionary().key(manifest.name).begin_dictionary();
  out.key("").begin_dictionary();
  out.key("length").integer(static_cast<int64_t>(manifest.chunking.object_bytes));
  if (manifest.chunking.object_bytes > 0) {
    out.key("pieces root").string(as_text(manifest.pieces_root));
  }
  out.end().end().end();
  out.key("meta version").integer(2);
  out.key("name").string(manifest.name);
  out.key("piece length").integer(manifest.chunking.chunk_bytes);
  return out.end().take();
}

std::string write_torrent(const Torrent& torrent) {
  BencodeWriter out;
  out.begin_dictionary();
  out.key("info").raw(torrent.info);
  // BEP 52 wants the key even where no file has a layer of its own.
  out.key("piece layers").begin_dictionary();
  const std::vector<Digest>& roots = torrent.manifest.chunk_roots;
  if (roots.size() > 1) {
    static_assert(sizeof(Digest) == Digest::kSize);
    out.key(as_text(torrent.manifest.pieces_root))
        .string({reinterpret_cast<const char*>(roots.data()), roots.size() * Digest::kSize});
  }
  return out.end().end().take();
}

Result<Torrent> parse_torrent(std::string_view text) {
  Result<BencodeValue> parsed = parse_bencode(text);
  if (!parsed) return broken("not a torrent file: " + parsed.error().message);
  Result<const BencodeValue*> info = find_info(*parsed);
  if (!info) return info.error();
  const BencodeValue* name = (*info)->find("name");
  if (name == nullptr || !name->is_string()) return broken("it has no 'name'");
  Result<const BencodeValue*> file = find_file(**info, name->text);
  if (!file) return file.error();

  Torrent torrent;
  torrent.info = std::string((*info)->raw);
  Manifest& manifest = torrent.manifest;
  manifest.name = std::string(name->text);
  Result<Chunking> chunking = read_chunking(**info, **file);
  if (!chunking) return chunking.error();
  manifest.chunking = *chunking;
  Result<Digest> root = read_pieces_root(**file, *chunking);
  if (!root) return root.error();
  manifest.pieces_root = *root;
  Result<std::vector<Digest>> roots = read_chunk_roots(*parsed, manifest);
  if (!roots) return roots.error();
  manifest.chunk_roots = std::move(*roots);
  if (Result<void> checked = check_manifest(manifest); !checked) return checked.error();
  return torrent;
}

}  // namespace tyto
