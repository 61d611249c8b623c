from versus.systems.system import System


class Tree(System):
    name = "tree"
