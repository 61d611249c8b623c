#!/usr/bin/env python3
"""Each check of tools/tidy fails where it should: small trees with one fault, one complaint each."""

import contextlib
import io
import os
import pathlib
import re
import runpy
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDY = ROOT / 'tools' / 'tidy'
CXX = os.environ.get('CXX', 'g++')
sys.path.insert(0, str(TIDY.parent))
MAIN = runpy.run_path(str(TIDY), run_name='tidy')['main']
COMPLAINT = re.compile(r'^[\w./-]+:\d+: \S.*$')


class TidyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='tyto-tidy-')
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text=''):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def tidy(self, *arguments):
        """The exit code and what is printed; run in this process, since there are hundreds."""
        out = io.StringIO()
        with mock.patch.object(sys, 'argv', ['tidy', '--root', str(self.root), *arguments]), \
                contextlib.redirect_stdout(out):
            return MAIN(), out.getvalue()

    def expect_clean(self, *arguments):
        self.assertEqual(self.tidy(*arguments), (0, ''))

    def expect_complaint(self, check, place, *parts, count=1):
        """The check fails with `count` complaints, the first of them at `place` with all `parts`."""
        code, out = self.tidy(*check.split())
        lines = out.splitlines()
        self.assertEqual(code, 1, out)
        self.assertEqual(lines[-1], f'tools/tidy: {count} to mend', out)
        self.assertEqual(len(lines), count + 1, out)
        for line in lines[:-1]:
            self.assertRegex(line, COMPLAINT)
        self.assertTrue(lines[0].startswith(place + ': '), out)
        for part in parts:
            self.assertIn(part, lines[0])


class Includes(TidyTest):
    def forbid(self, path, include, *parts):
        with self.subTest(path=path, include=include):
            self.write(path, f'// A file.\n#include {include}\n')
            self.expect_complaint('includes', f'{path}:2', *parts)
            self.write(path)

    def allow(self, path, include):
        with self.subTest(path=path, include=include):
            self.write(path, f'#include {include}\n')
            self.expect_clean('includes')

    def test_tracker_and_peer_never_meet(self):
        self.forbid('tracker/server/a.cpp', '"peer/core/peer_core.h"', 'tracker may include only')
        self.forbid('peer/engine/a.cpp', '"tracker/core/config.h"', 'peer may include only')
        self.forbid('peer/core/a.h', '"tracker/core/config.h"', 'peer/core may include only')
        self.forbid('tracker/core/a.h', '<peer/core/inputs.h>', 'tracker/core may include only')

    def test_io_knows_no_component(self):
        for other in ('tracker/core/config.h', 'peer/store/a.h', 'superpeer/a.h', 'sim/a.h',
                      'schema/messages/events.h', 'tests/support/a.h'):
            self.forbid('io/http/a.cpp', f'"{other}"', 'io may include only base, settings, io')

    def test_cores_see_base_messages_and_themselves(self):
        for core in ('tracker/core', 'peer/core', 'superpeer/core'):
            self.forbid(f'{core}/a.cpp', '"io/loop/clock.h"', f'{core} may include only')
            self.forbid(f'{core}/a.cpp', '"schema/codec/codec.h"', f'{core} may include only')
            self.allow(f'{core}/b.cpp', '"base/time.h"')
            self.allow(f'{core}/c.cpp', '"schema/messages/events.h"')
            self.allow(f'{core}/d.cpp', f'"{core}/e.h"')
        self.forbid('tracker/core/a.cpp', '"tracker/server/a.h"', 'tracker/core may include only')
        self.forbid('peer/core/a.cpp', '"superpeer/core/a.h"', 'peer/core may include only')
        self.allow('superpeer/core/f.cpp', '"peer/core/peer_core.h"')

    def test_base_and_messages_stand_at_the_bottom(self):
        self.forbid('base/a.h', '"schema/messages/events.h"', 'base may include only base')
        self.forbid('base/a.h', '"io/log/log.h"', 'base may include only base')
        self.forbid('schema/messages/a.h', '"schema/codec.h"', 'schema/messages may include only')
        self.forbid('schema/codec/a.h', '"io/a.h"', 'schema may include only')

    def test_pure_folders_use_the_pure_part_of_the_standard_library(self):
        for folder in ('base', 'schema/messages', 'tracker/core', 'peer/core', 'superpeer/core'):
            for header in ('chrono', 'thread', 'mutex', 'atomic', 'fstream', 'iostream', 'random',
                           'cmath', 'cstdio', 'ctime', 'filesystem', 'unistd.h', 'sys/socket.h',
                           'boost/asio.hpp', 'kj/async.h', 'spdlog/spdlog.h'):
                self.forbid(f'{folder}/a.cpp', f'<{header}>', f'{folder} is pure')
            self.allow(f'{folder}/b.cpp', '<vector>')
        self.allow('base/assert.cpp', '<cstdio>')

    def test_the_simulation_hosts_cores_without_shells(self):
        self.forbid('sim/world/a.cpp', '"io/loop/clock.h"', 'sim may include only')
        self.forbid('sim/world/a.cpp', '"tracker/catalog/a.h"', 'sim may include only')
        self.forbid('sim/world/a.cpp', '"peer/engine/a.h"', 'sim may include only')
        self.forbid('sim/world/a.cpp', '<boost/asio.hpp>', 'no real network')
        self.allow('sim/world/b.cpp', '"superpeer/core/a.h"')

    def test_inner_shells_do_not_know_outer_ones(self):
        self.forbid('peer/store/a.cpp', '"peer/engine/a.h"', 'peer/store may include only')
        self.forbid('tracker/catalog/a.cpp', '"tracker/server/a.h"', 'tracker/catalog may include')
        self.allow('peer/engine/b.cpp', '"peer/store/a.h"')

    def test_the_public_api_shows_nothing_of_the_inside(self):
        self.forbid('peer/include/tyto/a.h', '"io/loop/loop.h"', 'peer/include may include only')
        self.forbid('peer/include/tyto/a.h', '"peer/engine/a.h"', 'peer/include may include only')
        self.forbid('peer/include/tyto/a.h', '<boost/any.hpp>', 'standard library only')
        self.allow('peer/include/tyto/b.h', '"tyto/a.h"')
        self.allow('peer/include/tyto/c.h', '"base/result.h"')
        self.allow('peer/cli/c.cpp', '<tyto/a.h>')

    def test_paths_are_from_the_top_of_the_tree(self):
        self.forbid('io/a.cpp', '"a.h"', 'expected a path from the top of the tree')
        self.forbid('io/a.cpp', '"../base/a.h"', 'without "." and ".."')

    def test_what_a_comment_says_is_no_include(self):
        self.write('base/a.h', '// #include "io/a.h"\n/*\n#include "io/b.h"\n*/\n')
        self.expect_clean('includes')


class Sources(TidyTest):
    def test_no_floating_point_in_a_core(self):
        for core in ('tracker/core', 'peer/core', 'superpeer/core'):
            for line, word in (('float share;', 'float'), ('auto x = static_cast<double>(n);', 'double'),
                               ('long double y;', 'double'), ('int z = n * 0.5;', '0.5'),
                               ('int z = n * .5;', '.5'), ('auto z = 1e3 + 2.;', '2.')):
                with self.subTest(core=core, line=line):
                    self.write(f'{core}/a.cpp', f'// A core.\n{line}\n')
                    self.expect_complaint('sources', f'{core}/a.cpp:2', f"'{word}' is floating")
                    self.write(f'{core}/a.cpp')

    def test_floating_point_in_comments_literals_and_elsewhere_is_fine(self):
        self.write('tracker/core/a.cpp', '// a double is 1.5 floats\n/* float\n0.5 */ auto t = "double'
                   ' 2.5 \\" float"; auto r = R"(float\n1.5)"; int doubled = 1\'000; x.y = a[0].b;\n')
        self.write('io/a.cpp', 'double seconds = 0.5;\n')
        self.expect_clean('sources')

    def test_a_float_behind_a_literal_is_seen(self):
        self.write('peer/core/a.cpp', 'char q = \'"\';\nint n = 1\'000;\nfloat f;  // "\n')
        self.expect_complaint('sources', 'peer/core/a.cpp:3', "'float'")

    def test_no_walk_over_an_unordered_table(self):
        declared = 'std::unordered_map<Key, std::vector<int>> table_;\n'
        for walk in ('for (const auto& [key, value] : table_) use(key);',
                     'for (auto& row : this->table_) use(row);',
                     'for (auto it = table_.begin(); it != table_.end(); ++it) use(*it);'):
            with self.subTest(walk=walk):
                self.write('peer/core/a.cpp', declared + walk + '\n')
                self.expect_complaint('sources', 'peer/core/a.cpp:2', "walks over 'table_'")

    def test_no_walk_over_a_table_declared_in_the_header_or_by_an_alias(self):
        self.write('sim/a.h', 'using Table = std::unordered_set<int>;\nTable table_;\n')
        self.write('sim/a.cpp', '#include "sim/a.h"\nfor (int n : table_) use(n);\n')
        self.write('sim/b.cpp', '#include "sim/a.h"\n\nfor (int n : s.table_) use(n);\n')
        self.expect_complaint('sources', 'sim/a.cpp:2', "walks over 'table_'", count=2)

    def test_walks_in_order_and_look_ups_are_fine(self):
        self.write('tracker/core/a.cpp', 'std::unordered_map<int, int> table_;\nstd::map<int, int> m;\n'
                   'for (auto& row : m) use(row);\nfor (int i = 0; i < 3; ++i) use(table_.find(i));\n'
                   'auto it = table_.find(3);\nfor (auto x : sorted(table_)) use(x);\n')
        self.expect_clean('sources')

    def test_a_walk_may_be_declared_free_of_order_with_its_reason(self):
        code = 'std::unordered_set<int> all_;\n// order-free: {}\nfor (int n : all_) sum += n;\n'
        self.write('peer/core/a.cpp', code.format('a sum does not depend on it'))
        self.expect_clean('sources')
        self.write('peer/core/a.cpp', code.format(''))
        self.expect_complaint('sources', 'peer/core/a.cpp:3', "walks over 'all_'")


class Archives(TidyTest):
    def archive(self, folder, library, code, member='a'):
        self.write(f'{folder}/CMakeLists.txt')
        build = self.root / 'out' / folder
        build.mkdir(parents=True, exist_ok=True)
        subprocess.run([CXX, '-std=c++20', '-w', '-c', '-x', 'c++', '-', '-o',
                        str(build / f'{member}.cpp.o')], input=code, text=True, check=True)
        library_file = build / f'libtyto_{library}.a'
        library_file.unlink(missing_ok=True)
        subprocess.run(['ar', 'cr', str(library_file), str(build / f'{member}.cpp.o')], check=True)

    def check(self):
        return f'archives --build {self.root}/out'

    def test_impure_symbols_are_named_with_their_source(self):
        cases = [
            ('#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }',
             'steady_clock::now()', 'a clock'),
            ('#include <ctime>\nlong f() { return time(nullptr); }', "'time'", 'a clock'),
            ('#include <time.h>\nint f(timespec* t) { return clock_gettime(CLOCK_REALTIME, t); }',
             "'clock_gettime'", 'a clock'),
            ('#include <sys/socket.h>\nint f() { return socket(1, 1, 0); }', "'socket'", 'a socket'),
            ('#include <unistd.h>\nlong f(char* p) { return read(0, p, 1); }', "'read'", 'a file'),
            ('#include <pthread.h>\nint f(pthread_mutex_t* m) { return pthread_mutex_lock(m); }',
             "'pthread_mutex_lock'", 'threads or locks'),
            ('#include <cstdlib>\nint f() { return rand(); }', "'rand'", 'randomness'),
            ('#include <cstdlib>\nchar* f() { return getenv("X"); }', "'getenv'", 'the environment'),
            ('#include <cstdio>\nint f() { return puts("x"); }', "'puts'", 'standard output'),
            ('namespace tyto::io { void log(int); }\nvoid f() { tyto::io::log(1); }',
             'tyto::io::log(int)', 'is io'),
            ('namespace spdlog { void info(int); }\nvoid f() { spdlog::info(1); }',
             'spdlog::info(int)', 'a library of shells'),
        ]
        for code, symbol, kind in cases:
            with self.subTest(symbol=symbol):
                self.archive('tracker/core', 'tracker_core', code)
                self.expect_complaint(self.check(), 'tracker/core/a.cpp:1', symbol, kind)

    def test_larger_parts_of_the_standard_library_are_found(self):
        for code, kind in [
                ('#include <fstream>\nint f(const char* p) { std::ifstream s(p); return s.get(); }',
                 'a file'),
                ('#include <thread>\nvoid f() { std::thread([] {}).detach(); }', 'threads or locks'),
                ('#include <random>\nunsigned f() { return std::random_device{}(); }', 'randomness'),
                ('#include <iostream>\nvoid f() { std::cout << 1; }', 'standard output')]:
            with self.subTest(kind=kind):
                self.archive('peer/core', 'peer_core', code)
                status, out = self.tidy(*self.check().split())
                self.assertEqual(status, 1)
                self.assertIn(f'which is {kind}', out)

    def test_a_pure_core_is_clean(self):
        self.archive('superpeer/core', 'superpeer_core',
                     '#include <vector>\n#include <string>\n#include <map>\n#include <memory>\n'
                     'namespace tyto { int reading_time(int); struct Socket { void open(); };\n'
                     'std::map<int, std::string> m;\n'
                     'void f(std::vector<std::string>& v, Socket& s) {\n'
                     '  v.push_back(std::to_string(reading_time(1))); s.open();\n'
                     '  auto p = std::make_shared<int>(1); m[*p] = v.at(0); } }')
        self.expect_clean(*self.check().split())

    def test_only_the_assertion_of_base_prints(self):
        code = '#include <cstdio>\nvoid f() { std::fprintf(stderr, "x%d", 1); }'
        self.archive('base', 'base', code, member='assert')
        self.expect_clean(*self.check().split())
        self.archive('base', 'base', code, member='names')
        self.expect_complaint(self.check(), 'base/names.cpp:1', 'standard output', count=2)

    def test_an_archive_that_should_be_there_is_missed(self):
        self.expect_clean(*self.check().split())
        self.write('peer/core/CMakeLists.txt')
        self.expect_complaint(self.check(), 'peer/core/CMakeLists.txt:1', 'libtyto_peer_core.a',
                              'expected it built')

    def test_a_broken_archive_is_no_pure_one(self):
        self.write('base/CMakeLists.txt')
        self.write('out/base/libtyto_base.a', 'not an archive')
        self.expect_complaint(self.check(), 'base/CMakeLists.txt:1', 'nm cannot read')


class Registered(TidyTest):
    def setUp(self):
        super().setUp()
        self.write('CMakeLists.txt', 'tyto_add_folders(base tests)\n')
        self.write('tests/CMakeLists.txt', 'tyto_add_folders(base tools)\n')
        self.write('tests/base/CMakeLists.txt', 'tyto_test(base SOURCES a_test.cpp)\n')
        self.write('tests/base/a_test.cpp')

    def test_named_tests_are_fine(self):
        self.write('tests/tools/CMakeLists.txt', 'add_test(NAME x COMMAND ${CMAKE_SOURCE_DIR}/x_test.py'
                   ')\n')
        self.write('tests/tools/x_test.py')
        self.write('tests/base/deep/b_test.cpp')
        self.write('tests/base/CMakeLists.txt',
                   'tyto_test(base\n  SOURCES a_test.cpp deep/b_test.cpp)\n')
        self.expect_clean('registered')

    def test_names_made_by_a_loop_count(self):
        self.write('tests/base/CMakeLists.txt', 'foreach(one a\n b)  # two\n'
                   '  tyto_test(${one} SOURCES ${one}_test.cpp)\nendforeach()\n')
        self.write('tests/base/b_test.cpp')
        self.expect_clean('registered')
        self.write('tests/base/c_test.cpp')
        self.expect_complaint('registered', 'tests/base/c_test.cpp:1', 'a test that nothing runs')

    def test_a_forgotten_test_is_found(self):
        for name in ('b_test.cpp', 'b_fuzz.cpp', 'b_test.py', 'aa_test.cpp', 'test.cpp'):
            with self.subTest(name=name):
                self.write(f'tests/base/{name}')
                if name == 'test.cpp':
                    self.expect_clean('registered')
                    continue
                self.expect_complaint('registered', f'tests/base/{name}:1', 'a test that nothing runs')
                (self.root / 'tests/base' / name).unlink()

    def test_a_name_that_is_commented_out_does_not_count(self):
        self.write('tests/base/CMakeLists.txt', 'tyto_test(base SOURCES) # a_test.cpp\n')
        self.expect_complaint('registered', 'tests/base/a_test.cpp:1', 'a test that nothing runs')

    def test_the_end_of_another_name_does_not_count(self):
        self.write('tests/base/CMakeLists.txt', 'tyto_test(base SOURCES other_a_test.cpp x/a_test.cpp)')
        self.expect_complaint('registered', 'tests/base/a_test.cpp:1', 'a test that nothing runs')

    def test_a_folder_that_nothing_adds_is_found(self):
        self.write('tests/lost/CMakeLists.txt', 'tyto_test(lost SOURCES c_test.cpp)\n')
        self.write('tests/lost/c_test.cpp')
        self.expect_complaint('registered', 'tests/lost/c_test.cpp:1', 'a test that nothing runs',
                              count=2)


class Format(TidyTest):
    def test_a_layout_of_ones_own_is_found_once_a_file(self):
        self.write('.clang-format', 'BasedOnStyle: Google\n')
        self.write('base/a.h', 'int a;\nint  b;\nint   c;\n')
        self.write('base/b.h', 'int a;\n')
        self.expect_complaint('format', 'base/a.h:2', 'clang-format -i base/a.h')

    def test_the_layout_of_clang_format_is_fine(self):
        self.write('.clang-format', 'BasedOnStyle: Google\n')
        self.write('base/a.cpp', 'int a;\n')
        self.expect_clean('format')

    def test_without_clang_format_it_fails(self):
        self.write('base/a.cpp', 'int a;\n')
        done = subprocess.run([sys.executable, str(TIDY), '--root', str(self.root), 'format'],
                              env={'PATH': str(self.root)}, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('clang-format is not installed', done.stdout)


class Sizes(TidyTest):
    def test_long_files_are_noted_and_do_not_fail(self):
        self.write('base/a.cpp', '\n' * 600)
        self.write('base/a.h', '\n' * 299)
        code, out = self.tidy('sizes')
        self.assertEqual(code, 0)
        self.assertEqual(out.count('\n'), 1)
        self.assertIn('base/a.cpp:1: note: has 601 lines', out)

    def test_a_todo_without_a_reason_is_noted(self):
        self.write('base/a.h', '// TODO\n// FIXME: \n// TODO: hash in lanes, when blocks are many\n')
        code, out = self.tidy('sizes')
        self.assertEqual(code, 0)
        self.assertIn('base/a.h:1: note: a TODO', out)
        self.assertIn('base/a.h:2: note: a TODO', out)
        self.assertNotIn('base/a.h:3', out)


class CommandLine(TidyTest):
    def test_help_lists_every_check(self):
        done = subprocess.run([sys.executable, str(TIDY), '--help'], capture_output=True, text=True,
                              check=True)
        for check in ('includes', 'sources', 'archives', 'registered', 'format', 'sizes'):
            self.assertIn(check, done.stdout)

    def test_an_unknown_check_is_refused(self):
        done = subprocess.run([sys.executable, str(TIDY), 'inclusions'], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown check 'inclusions'", done.stderr)

    def test_files_that_git_ignores_are_not_checked(self):
        subprocess.run(['git', 'init', '-q', str(self.root)], check=True)
        self.write('.gitignore', 'generated/\n')
        self.write('io/generated/a.h', '#include "tracker/a.h"\n')
        self.expect_clean('includes')
        self.write('io/a.h', '#include "tracker/a.h"\n')
        self.expect_complaint('includes', 'io/a.h:1')


if __name__ == '__main__':
    unittest.main()
