"""The systems that are measured, one module each."""

from versus.systems.cache import Cache
from versus.systems.direct import Direct
from versus.systems.libtorrent import Libtorrent
from versus.systems.tree import Tree
from versus.systems.tyto import Tyto

BY_NAME = {kind.name: kind for kind in (Tyto, Libtorrent, Tree, Cache, Direct)}
