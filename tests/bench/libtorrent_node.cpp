// A BitTorrent v2 client on libtorrent-rasterbar, for `tools/bench versus` to compare with.
//
//   libtorrent_node --version
//   libtorrent_node make FILE TORRENT PIECE_BYTES
//       writes a v2-only torrent of FILE
//   libtorrent_node run TORRENT FOLDER HOST:PORT DONE STATS [SETTING=VALUE]... [HOST:PORT]...
//       seeds or fetches until SIGTERM, connected to the peers that are named and to no others.
//       A node whose FOLDER has the file is a seed. DONE is made once the node has every piece;
//       STATS is written at the end, as JSON.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/settings_pack.hpp>
#include <libtorrent/torrent_flags.hpp>
#include <libtorrent/torrent_handle.hpp>
#include <libtorrent/torrent_info.hpp>
#include <libtorrent/torrent_status.hpp>
#include <libtorrent/version.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Settings = lt::settings_pack;

volatile std::sig_atomic_t g_is_ended = 0;

void on_signal(int) {
  g_is_ended = 1;
}

struct Options {
  std::string torrent, folder, listen, done, stats;
  std::vector<std::string> settings, peers;
};

// What a careful user sets on a local network whose peers are known; docs/benchmarks.md has the
// same list, with what was tried. Everything else is libtorrent's default.
Settings lan_settings(const std::string& listen) {
  Settings settings;
  settings.set_str(Settings::listen_interfaces, listen);
  settings.set_int(Settings::alert_mask, lt::alert_category::status | lt::alert_category::error);
  // Peers are named, so nothing is to be searched for, on this network least of all.
  for (int off : {Settings::enable_dht, Settings::enable_lsd, Settings::enable_upnp,
                  Settings::enable_natpmp}) {
    settings.set_bool(off, false);
  }
  // TCP only: uTP yields to other traffic and takes twice the processor.
  settings.set_bool(Settings::enable_incoming_utp, false);
  settings.set_bool(Settings::enable_outgoing_utp, false);
  // No obfuscation among trusted hosts: it costs processor and brings nothing here.
  settings.set_int(Settings::out_enc_policy, Settings::pe_disabled);
  settings.set_int(Settings::in_enc_policy, Settings::pe_disabled);
  // Peers start together: who was too early for another is to try again at once, not in a minute.
  settings.set_int(Settings::connection_speed, 200);
  settings.set_int(Settings::min_reconnect_time, 1);
  settings.set_int(Settings::max_failcount, 100);
  // Every peer of a small network is served at once; the default of 8 slots took 10 % longer.
  settings.set_int(Settings::unchoke_slots_limit, 20);
  // Few requests on their way, so that the next piece is chosen late: a second's worth, at most
  // 3 MiB. The default of 3 s, or 1500 requests, took 5 % longer.
  settings.set_int(Settings::request_queue_time, 1);
  settings.set_int(Settings::max_out_request_queue, 200);
  // As in libtorrent's own preset for fast links (high_performance_seed).
  settings.set_int(Settings::send_buffer_watermark, 3 << 20);
  settings.set_int(Settings::max_queued_disk_bytes, 32 << 20);
  // Fewer threads for the disk than the default of 10: as fast, with a tenth less processor time.
  settings.set_int(Settings::aio_threads, 2);
  return settings;
}

// Applies "name=value", by libtorrent's names.
void set(Settings& settings, const std::string& text) {
  const std::size_t equals = text.find('=');
  const int name = lt::setting_by_name(text.substr(0, equals));
  if (name < 0) throw std::runtime_error("libtorrent has no setting of '" + text + "'");
  const int value = std::stoi(text.substr(equals + 1));
  if ((name & Settings::type_mask) == Settings::bool_type_base) {
    settings.set_bool(name, value != 0);
  } else {
    settings.set_int(name, value);
  }
}

lt::tcp::endpoint endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  return {lt::make_address(text.substr(0, colon)),
          static_cast<uint16_t>(std::stoi(text.substr(colon + 1)))};
}

void make(const std::string& file, const std::string& torrent, int piece_bytes) {
  lt::file_storage files;
  lt::add_files(files, file);
  lt::create_torrent creator(files, piece_bytes, lt::create_torrent::v2_only);
  lt::set_piece_hashes(creator, file.substr(0, file.rfind('/')));
  std::ofstream out(torrent, std::ios::binary);
  lt::bencode(std::ostream_iterator<char>(out), creator.generate());
  if (!out.flush()) throw std::runtime_error("could not write " + torrent);
}

lt::torrent_handle add(lt::session& session, const Options& options) {
  lt::add_torrent_params params;
  params.ti = std::make_shared<lt::torrent_info>(options.torrent);
  params.save_path = options.folder;
  params.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  const std::string file = options.folder + "/" + params.ti->name();
  // The file is known to be right, so a seed does not read and hash it first.
  if (std::ifstream(file)) params.flags |= lt::torrent_flags::seed_mode;
  for (const std::string& peer : options.peers) params.peers.push_back(endpoint(peer));
  return session.add_torrent(params);
}

void touch(const std::string& path) {
  if (!std::ofstream(path)) throw std::runtime_error("could not make " + path);
}

// Until SIGTERM; marks the moment at which all pieces are there.
void serve(lt::session& session, const Options& options) {
  while (g_is_ended == 0) {
    session.wait_for_alert(lt::milliseconds(100));
    std::vector<lt::alert*> alerts;
    session.pop_alerts(&alerts);
    for (lt::alert* alert : alerts) {
      const bool is_error = (alert->category() & lt::alert_category::error) != 0;
      if (is_error) std::cerr << alert->message() << "\n";
      if (lt::alert_cast<lt::torrent_finished_alert>(alert) != nullptr) touch(options.done);
    }
  }
}

int run(const Options& options) {
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  lt::session_params params(lan_settings(options.listen));
  for (const std::string& text : options.settings) set(params.settings, text);
  lt::session session(std::move(params));
  const lt::torrent_handle torrent = add(session, options);
  serve(session, options);
  const lt::torrent_status status = torrent.status();
  std::ofstream(options.stats) << "{\"uploaded_bytes\": " << status.total_payload_upload
                               << ", \"downloaded_bytes\": " << status.total_payload_download
                               << ", \"wasted_bytes\": "
                               << status.total_redundant_bytes + status.total_failed_bytes << "}\n";
  std::_Exit(0);  // sockets and files end with the process; a torrent's farewells take seconds
}

Options parse(const std::vector<std::string>& words) {
  Options options{words[1], words[2], words[3], words[4], words[5], {}, {}};
  for (std::size_t i = 6; i < words.size(); ++i) {
    const bool is_setting = words[i].find('=') != std::string::npos;
    (is_setting ? options.settings : options.peers).push_back(words[i]);
  }
  return options;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> words(values + 1, values + count);
  try {
    if (words.size() == 1 && words[0] == "--version") {
      std::cout << "libtorrent " << lt::version() << "\n";
      return 0;
    }
    if (words.size() == 4 && words[0] == "make") {
      make(words[1], words[2], std::stoi(words[3]));
      return 0;
    }
    if (words.size() >= 6 && words[0] == "run") return run(parse(words));
  } catch (const std::exception& error) {
    std::cerr << "libtorrent_node: " << error.what() << "\n";
    return 1;
  }
  std::cerr << "usage: libtorrent_node make FILE TORRENT PIECE_BYTES\n"
               "       libtorrent_node run TORRENT FOLDER HOST:PORT DONE STATS "
               "[SETTING=VALUE]... [HOST:PORT]...\n";
  return 2;
}
