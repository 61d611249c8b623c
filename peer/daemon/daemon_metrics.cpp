#include "peer/daemon/daemon_metrics.h"

namespace tyto::peer {
namespace {

struct Families {
  io::Counter from_peers, from_superpeers, from_origin, wasted, uploaded;
  io::Counter transfers_failed, chunks_dropped, chunks_sent;
  io::Counter answered_busy, answered_lacking, answered_denied, answered_bad;
  io::Counter origin_requests, origin_retries, origin_failures, origin_bytes;
  io::Gauge uploads, transfers, connections, store_used, store_limit, memory_used, memory_limit;
  io::Gauge memory_copies, store_chunks, tracker;
};

io::Counter received(io::Metrics& m, const char* source) {
  return m.counter("tyto_peer_received_bytes_total", "Bytes of whole chunks received, by source.",
                   {{"source", source}});
}

io::Counter answered(io::Metrics& m, const char* outcome) {
  return m.counter("tyto_peer_requests_refused_total", "Chunk requests not served, by answer.",
                   {{"answer", outcome}});
}

Families make(io::Metrics& m) {
  return {
      received(m, "peer"),
      received(m, "superpeer"),
      received(m, "origin"),
      m.counter("tyto_peer_wasted_bytes_total", "Bytes received and thrown away."),
      m.counter("tyto_peer_sent_bytes_total", "Bytes of chunks sent to others."),
      m.counter("tyto_peer_transfers_failed_total", "Transfers that one source failed at."),
      m.counter("tyto_peer_chunks_dropped_total", "Chunks freed on the tracker's order."),
      m.counter("tyto_peer_chunks_sent_total", "Chunks sent to others to the end."),
      answered(m, "busy"),
      answered(m, "lacking"),
      answered(m, "denied"),
      answered(m, "bad"),
      m.counter("tyto_peer_origin_requests_total", "Requests sent to origins."),
      m.counter("tyto_peer_origin_retries_total", "Of these, repeats after a failure."),
      m.counter("tyto_peer_origin_failures_total", "Reads and look-ups that failed for good."),
      m.counter("tyto_peer_origin_read_bytes_total", "Bytes read from origins, repeats included."),
      m.gauge("tyto_peer_uploads", "Uploads under way."),
      m.gauge("tyto_peer_transfers", "Transfers from peers under way."),
      m.gauge("tyto_peer_connections", "Connections of readers."),
      m.gauge("tyto_peer_store_used_bytes", "Bytes of chunks on disk."),
      m.gauge("tyto_peer_store_limit_bytes", "Bytes of disk lent."),
      m.gauge("tyto_peer_store_memory_used_bytes", "Bytes of chunks that are in memory only."),
      m.gauge("tyto_peer_store_memory_limit_bytes", "Bytes of memory lent for these."),
      m.gauge("tyto_peer_store_memory_copies_bytes",
              "Bytes of copies in what of that is free, of chunks that are on disk."),
      m.gauge("tyto_peer_store_chunks", "Chunks on disk and in memory."),
      m.gauge("tyto_peer_tracker_connected", "1 while a tracker is connected."),
  };
}

void fill(Families& f, const EngineStats& s) {
  f.from_peers.raise_to(s.bytes_from_peers);
  f.from_superpeers.raise_to(s.bytes_from_superpeers);
  f.from_origin.raise_to(s.bytes_from_origin);
  f.wasted.raise_to(s.bytes_wasted);
  f.uploaded.raise_to(s.server.bytes_sent);
  f.transfers_failed.raise_to(s.transfers_failed);
  f.chunks_dropped.raise_to(s.chunks_dropped);
  f.chunks_sent.raise_to(s.server.chunks_sent);
  f.answered_busy.raise_to(s.server.answered_busy);
  f.answered_lacking.raise_to(s.server.answered_lacking);
  f.answered_denied.raise_to(s.server.answered_denied);
  f.answered_bad.raise_to(s.server.answered_bad);
  f.origin_requests.raise_to(s.origin.requests);
  f.origin_retries.raise_to(s.origin.retries);
  f.origin_failures.raise_to(s.origin.failures);
  f.origin_bytes.raise_to(s.origin.bytes_read);
  f.uploads.set(s.server.uploads_now);
  f.transfers.set(s.client.transfers_now);
  f.connections.set(s.server.connections_now);
  f.store_used.set(static_cast<double>(s.store.used_bytes));
  f.store_limit.set(static_cast<double>(s.store.limit_bytes));
  f.memory_used.set(static_cast<double>(s.store.memory_used_bytes));
  f.memory_limit.set(static_cast<double>(s.store.memory_limit_bytes));
  f.memory_copies.set(static_cast<double>(s.store.memory_copies_bytes));
  f.store_chunks.set(static_cast<double>(s.store.chunks));
  f.tracker.set(s.tracker == TrackerState::kConnected ? 1 : 0);
}

}  // namespace

void add_engine_metrics(io::Metrics& metrics, const Engine& engine) {
  metrics.before_text(
      [families = make(metrics), &engine]() mutable { fill(families, engine.stats()); });
}

}  // namespace tyto::peer
