"""Purity of what was compiled: the symbols that the archives of the pure folders need."""

import re
import subprocess

from .tree import Complaint

# Library -> the folder whose CMakeLists.txt makes it.
ARCHIVES = {
    'base': 'base',
    'messages': 'schema',
    'tracker_core': 'tracker/core',
    'peer_core': 'peer/core',
    'superpeer_core': 'superpeer/core',
}

STDIO = set('''
    printf vprintf fprintf vfprintf puts fputs putchar putc fputc fwrite fflush perror stdout stderr
    stdin __printf_chk __fprintf_chk __vfprintf_chk'''.split())
STDIO_ALLOWED = {('base', 'assert.cpp.o')}

C_NAMES = {
    'a clock': '''clock clock_gettime clock_getres gettimeofday time times ftime timespec_get
        localtime localtime_r gmtime gmtime_r mktime''',
    'waiting': '''sleep usleep nanosleep clock_nanosleep poll ppoll select pselect epoll_create1
        epoll_ctl epoll_wait eventfd timerfd_create pause sigaction signal''',
    'a socket': '''socket socketpair connect bind listen accept accept4 send sendto sendmsg recv
        recvfrom recvmsg getaddrinfo gethostbyname getsockopt setsockopt shutdown''',
    'a file': '''open open64 openat openat64 creat close read write pread pread64 pwrite pwrite64
        readv writev fopen fopen64 fdopen fclose fread lseek lseek64 fseek ftell stat stat64 fstat
        fstat64 lstat lstat64 unlink rename mkdir rmdir opendir readdir mmap mmap64 munmap fsync
        fdatasync ftruncate ftruncate64 sendfile splice ioctl fcntl fcntl64 dup pipe pipe2''',
    'randomness': '''rand srand rand_r random srandom drand48 lrand48 getrandom getentropy
        arc4random''',
    'the environment': 'getenv secure_getenv setenv environ gethostname getpid getuid system '
                       'popen fork execve syscall dlopen sysconf',
}
C_NAME_TO_KIND = {name: kind for kind, names in C_NAMES.items() for name in names.split()}

PATTERNS = [
    (re.compile(r'std::chrono::.*clock'), 'a clock'),
    (re.compile(r'^(pthread_|thrd_|mtx_|sem_)'), 'threads or locks'),
    (re.compile(r'^std::(thread|this_thread|mutex|condition_variable|__condvar|future|call_once|'
                r'__once_|__atomic_futex|__throw_system_error)'), 'threads or locks'),
    (re.compile(r'^(.* )?std::(basic_[io]?fstream|basic_filebuf|__basic_file|filesystem)'), 'a file'),
    (re.compile(r'^std::(cout|cin|cerr|clog|wcout|ios_base::Init)'), 'standard output'),
    (re.compile(r'^(.* )?std::random_device'), 'randomness'),
    (re.compile(r'^(.* )?(spdlog|boost|kj|capnp|sqlite3|prometheus)(::|_)'), 'a library of shells'),
    (re.compile(r'^(.* )?tyto::io::'), 'io'),
]

SYMBOL = re.compile(r'^.*:([^:]+\.o):\s+([A-Za-z])\s+(.*)$')


def check(tree, build):
    for library, folder in ARCHIVES.items():
        if not tree.exists(f'{folder}/CMakeLists.txt'):
            continue
        archive = build / folder / f'libtyto_{library}.a'
        if not archive.is_file():
            yield Complaint(f'{folder}/CMakeLists.txt', 1,
                            f'libtyto_{library}.a is not in {build / folder}, expected it built; '
                            f'run cmake --build {build}, or name another folder with --build')
            continue
        yield from check_archive(library, folder, archive)


def check_archive(library, folder, archive):
    listed = subprocess.run(['nm', '-A', '-C', str(archive)], capture_output=True, text=True,
                            check=False)
    members = subprocess.run(['ar', 't', str(archive)], capture_output=True, text=True, check=False)
    if listed.returncode != 0 or not members.stdout.strip():
        yield Complaint(f'{folder}/CMakeLists.txt', 1,
                        f'nm cannot read {archive}, expected an archive with members; build it anew')
        return
    symbols = [found.groups() for found in map(SYMBOL.match, listed.stdout.split('\n')) if found]
    for member, kind, name in symbols:
        banned = banned_kind(library, member, name) if kind in 'Uw' else None
        if banned:
            source = f'{folder}/{member[:-len(".o")]}'
            yield Complaint(source, 1,
                            f"uses '{name}', which is {banned}, but {folder} is pure; take it as "
                            'an input, answer with an effect, or move it to a shell')


def banned_kind(library, member, name):
    """What kind of thing outside a symbol reaches, or None."""
    name = name.split('@')[0]
    if name in STDIO:
        return None if (library, member) in STDIO_ALLOWED else 'standard output'
    if name in C_NAME_TO_KIND:
        return C_NAME_TO_KIND[name]
    for pattern, kind in PATTERNS:
        if pattern.search(name):
            return kind
    return None
