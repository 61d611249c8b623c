#!/usr/bin/env python3
"""tools/deps says what it installs, does nothing when all is there, and refuses clearly elsewhere."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPS = ROOT / 'tools' / 'deps'


def deps(*arguments, path=None):
    environment = dict(os.environ)
    if path:
        environment['PATH'] = path
    return subprocess.run(['/bin/bash', str(DEPS), *arguments], capture_output=True, text=True,
                          env=environment, timeout=60, check=False)


class Fakes:
    """A PATH in which the commands named are scripts of ours, and what they need is the system's."""

    def __init__(self, folder, **commands):
        self.path = folder
        for tool in ('sed', 'grep', 'cat', 'id', 'rm', 'chmod', 'true'):
            os.symlink(shutil.which(tool), os.path.join(folder, tool))
        for name, body in commands.items():
            file = pathlib.Path(folder, name.replace('_', '-'))
            file.write_text('#!/bin/sh\n' + body)
            file.chmod(0o755)


class DepsTest(unittest.TestCase):
    def fakes(self, **commands):
        folder = tempfile.TemporaryDirectory(prefix='tyto-deps-')
        self.addCleanup(folder.cleanup)
        return Fakes(folder.name, **commands).path

    def test_lists_its_packages_one_a_line(self):
        done = deps('--list')
        self.assertEqual(done.returncode, 0)
        packages = done.stdout.split('\n')[:-1]
        self.assertEqual(len(packages), len(set(packages)))
        for package in ('g++', 'cmake', 'libcapnp-dev', 'nginx-light'):
            self.assertIn(package, packages)
        for package in packages:
            self.assertRegex(package, r'^[a-z0-9][a-z0-9+.-]+$')

    def test_does_nothing_when_all_is_there(self):
        packages = deps('--list').stdout.split()
        answer = ''.join(f'echo "{package} installed"\n' for package in packages)
        path = self.fakes(dpkg_query=answer, apt_get='echo apt-get ran; exit 1\n')
        done = deps(path=path)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))

    def test_tells_what_is_missing(self):
        packages = deps('--list').stdout.split()
        answer = ''.join(f'echo "{package} installed"\n' for package in packages[2:])
        answer += f'echo "{packages[0]} config-files"\n'  # removed, its settings left behind
        path = self.fakes(dpkg_query=answer, apt_get='echo apt-get ran; exit 1\n')
        done = deps('--check', path=path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.split(), packages[:2])

    def test_says_so_where_there_is_no_apt(self):
        done = deps(path=self.fakes())
        self.assertEqual(done.returncode, 1)
        self.assertIn('this is not Debian', done.stderr)

    def test_refuses_to_install_without_root(self):
        path = self.fakes(dpkg_query='exit 1\n', apt_get='echo apt-get ran; exit 1\n')
        os.unlink(os.path.join(path, 'id'))
        pathlib.Path(path, 'id').write_text('#!/bin/sh\necho 1000\n')
        os.chmod(os.path.join(path, 'id'), 0o755)
        done = deps(path=path)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, 'run it as root to install|needs Debian 12')
        self.assertNotIn('apt-get ran', done.stdout)

    def test_refuses_an_option_it_does_not_know(self):
        done = deps('--instal')
        self.assertEqual(done.returncode, 2)
        self.assertIn('usage: tools/deps', done.stderr)


if __name__ == '__main__':
    unittest.main()
