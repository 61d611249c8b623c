"""Memory as a measurement should find it."""

import mmap
import os


def warm_memory(size):
    """Takes `size` bytes of memory and gives them back, so that what is measured next finds them.

    A virtual machine may hand its free memory to its host after a second or two, and then the
    next use of a page costs ten times what writing it does. That is the host's doing, differs from
    one moment to the next, and hits whoever comes first.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    mmap.mmap(-1, size, flags=flags).close()


def available():
    """Bytes that programs could take now without anything being pushed out."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
