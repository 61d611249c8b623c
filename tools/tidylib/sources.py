"""What the text of a core may not say: floating point, and walks in an order that varies."""

import os
import re

from .includes import INCLUDE, layer_of
from .tree import Complaint, is_within, line_of

INTEGERS_ONLY = ('tracker/core', 'peer/core', 'superpeer/core')
ORDERED = ('base', 'schema', 'tracker/core', 'peer/core', 'superpeer/core', 'sim')

FLOATING_WORD = re.compile(r'\b(float|double)\b')
FLOATING_NUMBER = re.compile(r"(?<![\w.'])(\d[\d']*\.\d*|\.\d+)(?:[eE][+-]?\d+)?")
UNORDERED = re.compile(r'\bunordered_(?:multi)?(?:map|set)\s*<')
RANGE_FOR = re.compile(r'\bfor\s*\(')
LAST_NAME = re.compile(r'([A-Za-z_]\w*)\s*(?:\(\s*\))?\s*$')
ORDER_FREE = re.compile(r'//\s*order-free:\s*\S')


def check(tree):
    for path in tree.sources(*INTEGERS_ONLY):
        yield from check_floating(tree, path)
    for path in tree.sources(*ORDERED):
        yield from check_order(tree, path)


def check_floating(tree, path):
    code = tree.code(path)
    for pattern in (FLOATING_WORD, FLOATING_NUMBER):
        for found in pattern.finditer(code):
            yield Complaint(path, line_of(code, found.start()),
                            f"'{found.group(1)}' is floating point, expected integers in a core, "
                            'so that every machine decides alike; count in ns, bytes or parts of a '
                            'power of two')


def check_order(tree, path):
    code = tree.code(path)
    names = unordered_names(tree, path)
    if not names:
        return
    raw_lines = tree.text(path).split('\n')
    for name, position in walks(code, names):
        line = line_of(code, position)
        if any(ORDER_FREE.search(raw_lines[i]) for i in (line - 2, line - 1) if i >= 0):
            continue
        yield Complaint(path, line,
                        f"walks over '{name}', an unordered table, whose order differs between "
                        'builds; use an ordered one or sort first, or, where no result depends on '
                        "the order, say so in a comment '// order-free: <why>'")


def walks(code, names):
    """(name, position) of each loop over, and each begin() of, one of the names."""
    for loop in RANGE_FOR.finditer(code):
        walked = range_of(code, loop.end())
        found = LAST_NAME.search(walked) if walked else None
        if found and found.group(1) in names:
            yield found.group(1), loop.start()
    for found in re.finditer(r'\b([A-Za-z_]\w*)\s*(?:\.|->)\s*c?begin\s*\(', code):
        if found.group(1) in names:
            yield found.group(1), found.start()


def range_of(code, at):
    """What a range-for walks over, given the place behind its '('; '' for another loop."""
    depth = 0
    colon = None
    while at < len(code):
        c = code[at]
        if c in '([{':
            depth += 1
        elif c in ')]}':
            if depth == 0:
                return code[colon + 1:at] if colon is not None else ''
            depth -= 1
        elif depth == 0 and c == ':':
            if code[at + 1:at + 2] == ':':
                at += 1
            elif colon is None:
                colon = at
        at += 1
    return ''


def unordered_names(tree, path):
    """Names declared as unordered tables in the file or in headers of its layer it includes."""
    names = set()
    for file in [path, *own_headers(tree, path)]:
        names |= declared_names(tree.code(file))
    return names


def own_headers(tree, path):
    layer = layer_of(path)
    for include in INCLUDE.finditer(tree.code_with_literals(path)):
        header = include.group(2)
        if layer and is_within(header, layer[0]) and header != path and tree.exists(header):
            yield header
    if path.endswith('.cpp') and tree.exists(os.path.splitext(path)[0] + '.h'):
        yield os.path.splitext(path)[0] + '.h'


def declared_names(code):
    names = set()
    for found in UNORDERED.finditer(code):
        end = end_of_template(code, found.end())
        alias = re.search(r'\busing\s+(\w+)\s*=\s*(?:std\s*::\s*)?$', code[:found.start()])
        if alias:
            names.update(re.findall(rf'\b{alias.group(1)}\b[\s&*]+(?:const\s+)?([A-Za-z_]\w*)\s*'
                                    r'[;,={)]', code))
            continue
        name = re.match(r'[\s&*]*(?:const\s+)?([A-Za-z_]\w*)', code[end:])
        if name:
            names.add(name.group(1))
    return names


def end_of_template(code, at):
    depth = 1
    while at < len(code) and depth > 0:
        depth += {'<': 1, '>': -1}.get(code[at], 0)
        at += 1
    return at
