#!/usr/bin/env python3
"""The replay of fuzz targets finds what it should find, the same way each time."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CXX = os.environ.get('CXX', 'g++')

# Fails on inputs that differ from the corpus in their first byte and are longer than 3 bytes;
# prints a hash of all it saw.
TARGET = '''
#include <cstdint>
#include <cstdio>
#include <cstdlib>
struct Seen {
  uint64_t hash = 14695981039346656037u;
  ~Seen() { std::printf("seen %llx\\n", static_cast<unsigned long long>(hash)); }
} seen;
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (size_t i = 0; i < size; ++i) seen.hash = (seen.hash ^ data[i]) * 1099511628211u;
  if (std::getenv("FRAGILE") && size > 3 && data[0] != 'h') std::abort();
  return 0;
}
'''


class FuzzReplayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='tyto-fuzz-')
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.program = cls.folder / 'replay'
        (cls.folder / 'target.cpp').write_text(TARGET)
        subprocess.run([CXX, '-std=c++20', f'-I{ROOT}', str(cls.folder / 'target.cpp'),
                        str(ROOT / 'tests/support/fuzz_replay_main.cpp'),
                        str(ROOT / 'base/assert.cpp'), '-o', str(cls.program)], check=True)
        (cls.folder / 'corpus').mkdir()
        (cls.folder / 'corpus' / 'hello').write_text('hello, hello')
        (cls.folder / 'corpus' / 'short').write_text('h')

    def replay(self, *arguments, **environment):
        return subprocess.run([str(self.program), *arguments], cwd=self.folder, capture_output=True,
                              text=True, timeout=60, env={**os.environ, **environment}, check=False)

    def test_runs_the_corpus_and_its_mutations(self):
        done = self.replay('--corpus', 'corpus', '--mutations', '50')
        self.assertEqual(done.returncode, 0)
        self.assertIn('2 files, 50 mutations, seed 1', done.stdout)

    def test_the_same_seed_gives_the_same_inputs(self):
        first, again = (self.replay('--corpus', 'corpus').stdout for _ in range(2))
        other = self.replay('--corpus', 'corpus', '--seed', '2').stdout
        self.assertIn('seen', first)
        self.assertEqual(first, again)
        self.assertNotEqual(first.split('seen')[1], other.split('seen')[1])

    def test_a_crash_fails_names_its_input_and_saves_it(self):
        done = self.replay('--name', 'fragile', '--corpus', 'corpus', FRAGILE='1')
        self.assertLess(done.returncode, 0)
        self.assertRegex(done.stderr, r'crashed on mutation \d+ of (hello|short) .* fragile-crash.bin')
        saved = (self.folder / 'fragile-crash.bin').read_bytes()
        self.assertGreater(len(saved), 3)
        self.assertNotEqual(saved[:1], b'h')
        self.assertLess(self.replay('fragile-crash.bin', FRAGILE='1').returncode, 0)
        self.assertEqual(self.replay('fragile-crash.bin').returncode, 0)

    def test_an_empty_or_missing_corpus_fails(self):
        (self.folder / 'empty').mkdir(exist_ok=True)
        for corpus in ('empty', 'nowhere'):
            done = self.replay('--corpus', corpus)
            self.assertEqual(done.returncode, 1)
            self.assertIn('missing or empty', done.stderr)

    def test_arguments_it_does_not_know_are_refused(self):
        for arguments in ((), ('--corpus',), ('--corpus', 'corpus', '--mutations', 'x'), ('--x', 'y')):
            self.assertEqual(self.replay(*arguments).returncode, 2)


if __name__ == '__main__':
    unittest.main()
