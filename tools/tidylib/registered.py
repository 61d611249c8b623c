"""Every test file is built and run: named in a CMakeLists.txt that the tree's root reaches."""

import posixpath
import re

from .tree import Complaint, is_within

TEST_FILE = re.compile(r'(_test|_fuzz)\.(cpp|py)$')
SUBFOLDERS = re.compile(r'\b(add_subdirectory|tyto_add_folders)\s*\(([^)]*)\)')
COMMENT = re.compile(r'#[^\n]*')
LOOP = re.compile(r'\bforeach\s*\(\s*(\w+)\s+(?:IN\s+ITEMS\s+)?([^)]*)\)(.*?)\bendforeach\b', re.DOTALL)


def check(tree):
    reached = reached_folders(tree)
    for path in tree.files:
        if is_within(path, 'tests') and TEST_FILE.search(path):
            yield from check_named(tree, path, reached)
    for path in tree.files:
        folder, name = posixpath.split(path)
        if is_within(path, 'tests') and name == 'CMakeLists.txt' and folder not in reached:
            yield Complaint(path, 1, 'is not reached from the root, expected an add_subdirectory() '
                                     f'or tyto_add_folders() that leads to it; add {folder} to the '
                                     'CMakeLists.txt above')


def check_named(tree, path, reached):
    folder, name = posixpath.split(path)
    place = folder
    while place:
        if place in reached and names_file(tree, place, posixpath.relpath(path, place)):
            return
        place = posixpath.dirname(place)
    yield Complaint(path, 1, f'is a test that nothing runs, expected {name} in a CMakeLists.txt '
                             f'that is reached; name it in {folder}/CMakeLists.txt')


def names_file(tree, folder, relative):
    """Whether the folder's CMakeLists.txt says `relative` as a word or the end of a path."""
    text = cmake_text(tree, folder)
    return re.search(rf'(?<![\w./-])(\$\{{\w+\}}/)?{re.escape(relative)}(?![\w./-])', text)


def cmake_text(tree, folder):
    """What a folder's CMakeLists.txt says, without comments, and with its loops written out."""
    path = posixpath.join(folder, 'CMakeLists.txt')
    return LOOP.sub(written_out, COMMENT.sub('', tree.text(path))) if tree.exists(path) else ''


def written_out(loop):
    variable, items, body = loop.groups()
    return items + '\n'.join(body.replace('${%s}' % variable, item) for item in items.split())


def reached_folders(tree):
    """The folders whose CMakeLists.txt a configuration of the whole tree reads."""
    reached = set()
    waiting = ['']
    while waiting:
        folder = waiting.pop()
        path = posixpath.join(folder, 'CMakeLists.txt')
        if folder in reached or not tree.exists(path):
            continue
        reached.add(folder)
        for call in SUBFOLDERS.finditer(cmake_text(tree, folder)):
            words = call.group(2).split()
            if call.group(1) == 'add_subdirectory':
                words = words[:1]
            waiting += [posixpath.normpath(posixpath.join(folder, word)) for word in words]
    return reached
