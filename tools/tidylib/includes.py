"""Include directions: docs/architecture.md, "Parts and folders"."""

import re

from .tree import Complaint, is_within, line_of

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)

# Folder -> the folders it may include. The first entry that holds a file is the file's.
SHELL = ('base', 'settings', 'schema', 'io')
LAYERS = [
    ('base', ('base',)),
    ('settings', ('base', 'settings')),
    ('schema/messages', ('base', 'schema/messages')),
    ('schema', ('base', 'schema')),
    ('tracker/core', ('base', 'schema/messages', 'tracker/core')),
    ('tracker/settings', ('base', 'settings', 'tracker/core', 'tracker/settings')),
    ('peer/core', ('base', 'schema/messages', 'peer/core')),
    ('superpeer/core', ('base', 'schema/messages', 'peer/core', 'superpeer/core')),
    ('io', ('base', 'settings', 'io')),
    ('tracker/catalog', (*SHELL, 'tracker/core', 'tracker/catalog')),
    ('tracker/membership', (*SHELL, 'tracker/core', 'tracker/catalog', 'tracker/membership')),
    ('tracker', (*SHELL, 'tracker')),
    ('peer/include', ('base', 'tyto')),
    ('peer/store', (*SHELL, 'peer/core', 'peer/store')),
    ('peer/transfer', (*SHELL, 'peer/core', 'peer/store', 'peer/transfer')),
    ('peer/origin', (*SHELL, 'peer/core', 'peer/store', 'peer/transfer', 'peer/origin')),
    ('peer', (*SHELL, 'peer', 'tyto')),
    ('superpeer', (*SHELL, 'peer', 'superpeer', 'tyto')),
    ('sim', ('base', 'settings', 'schema', 'tracker/core', 'tracker/settings', 'peer/core',
             'superpeer/core', 'sim')),
]

# Folders at the top whose headers are ours; <tyto/...> is the public API, peer/include/tyto/.
OURS = ('base', 'settings', 'schema', 'tracker', 'peer', 'superpeer', 'sim', 'io', 'tests', 'tools', 'tyto')

# The pure folders: the standard library, without what reaches the world outside.
PURE = ('base', 'settings', 'schema/messages', 'tracker/core', 'tracker/settings', 'peer/core',
        'superpeer/core')
PURE_HEADERS = set('''
    algorithm any array bit bitset cassert cctype charconv cinttypes climits compare concepts
    cstddef cstdint cstdlib cstring deque exception forward_list functional initializer_list
    iosfwd iterator limits list map memory memory_resource new numeric optional queue ranges set
    source_location span sstream stack stdexcept string string_view tuple type_traits typeindex
    typeinfo unordered_map unordered_set utility variant vector version'''.split())
PURE_EXCEPTIONS = {('base/assert.cpp', 'cstdio'), ('settings/table.cpp', 'cstdio'),
                   ('settings/document.cpp', 'toml++/toml.h')}

# Folders whose users must not need more than the standard library.
STANDARD_ONLY = ('peer/include',)
# The simulation has a network of its own.
NO_NETWORK = ('sim',)
NETWORK_HEADER = re.compile(r'(boost|kj|netinet|arpa|net)/|sys/(socket|epoll|un)\.h')


def check(tree):
    for path in tree.sources():
        layer = layer_of(path)
        if layer is None:
            continue
        text = tree.code_with_literals(path)
        for include in INCLUDE.finditer(text):
            complaint = judge(path, *layer, include.group(1), include.group(2))
            if complaint:
                yield Complaint(path, line_of(text, include.start()), complaint)


def layer_of(path):
    """The (folder, allowed folders) that hold for a file, or None where no rule does."""
    for folder, allowed in LAYERS:
        if is_within(path, folder):
            return folder, allowed
    return None


def judge(path, folder, allowed, quote, header):
    """What is wrong with one include, or None."""
    if '/../' in f'/{header}' or '/./' in f'/{header}':
        return (f'includes "{header}", expected a path from the top of the tree; '
                'write it without "." and ".."')
    if header.split('/')[0] in OURS:
        if any(is_within(header, one) for one in allowed):
            return None
        return (f'includes "{header}", but {folder} may include only {", ".join(allowed)}; '
                + remedy(folder, header))
    if quote == '"':
        return (f'includes "{header}", expected a path from the top of the tree; '
                f'write "{folder}/..." for a header of ours and <...> for a library\'s')
    return judge_system(path, folder, header)


def judge_system(path, folder, header):
    if folder in PURE and header not in PURE_HEADERS and (path, header) not in PURE_EXCEPTIONS:
        return (f'includes <{header}>, but {folder} is pure: the standard library without clocks, '
                'threads, files, streams, floating point and randomness; pass what it needs as a '
                'value, or move this to a shell')
    if folder in STANDARD_ONLY and ('/' in header or header.endswith('.h')):
        return (f'includes <{header}>, but the public API uses the standard library only; '
                'hide it behind a pointer to an implementation')
    if folder in NO_NETWORK and NETWORK_HEADER.match(header):
        return f'includes <{header}>, but the simulation has no real network; model it in sim/models'
    return None


def remedy(folder, header):
    if header.startswith('tests/'):
        return 'move what is shared out of tests/'
    if folder in PURE:
        return 'cores get the world as inputs and answer with effects'
    if folder == 'io':
        return 'io knows no component: pass it a callback or a value'
    if folder == 'sim':
        return 'sim hosts the cores in virtual time, without shells'
    if folder == 'peer/include':
        return 'the public API shows nothing of the inside: forward-declare, and include it in the .cpp'
    if folder.split('/')[0] in ('tracker', 'peer') and header.startswith(('tracker/', 'peer/')):
        return 'tracker and peer meet in schema/ only; inner parts do not know outer ones'
    return 'move the code to the layer it belongs to'
