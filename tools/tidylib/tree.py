"""The tree under check: its files, their text, and what is wrong with them."""

import dataclasses
import functools
import pathlib
import subprocess

SKIPPED_FOLDERS = {'build', 'node_modules', '.git', '.cache'}


@dataclasses.dataclass(frozen=True)
class Complaint:
    """A place and what is wrong there; a note (is_failure False) fails nothing."""
    path: str
    line: int
    text: str
    is_failure: bool = True

    def __str__(self):
        return f"{self.path}:{self.line}: {'' if self.is_failure else 'note: '}{self.text}"


class Tree:
    """Files are named by their path from the root, with '/'."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    @functools.cached_property
    def files(self):
        """Every file that is tracked or about to be, in order."""
        return self._git('--cached', '--others', '--exclude-standard') or self._walked()

    @functools.cached_property
    def tracked_files(self):
        """Every tracked file; outside of git, every file."""
        return self._git('--cached') or self._walked()

    def sources(self, *folders):
        """The C++ files in the folders given, or all of them."""
        return [path for path in self.files if path.endswith(('.h', '.cpp')) and
                (not folders or any(is_within(path, folder) for folder in folders))]

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return (self.root / path).read_text(encoding='utf-8', errors='replace')

    @functools.lru_cache(maxsize=None)
    def code(self, path):
        """The text with comments and the insides of literals blanked; lines stay where they are."""
        return blank(self.text(path), literals=True)

    @functools.lru_cache(maxsize=None)
    def code_with_literals(self, path):
        return blank(self.text(path), literals=False)

    def exists(self, path):
        return (self.root / path).exists()

    def _git(self, *options):
        if not (self.root / '.git').exists():
            return None
        listed = subprocess.run(
            ['git', '-c', 'safe.directory=*', '-C', str(self.root), 'ls-files', '-z', *options],
            capture_output=True, text=True, check=False)
        if listed.returncode != 0:
            return None
        paths = set(filter(None, listed.stdout.split('\0')))
        return sorted(path for path in paths if (self.root / path).is_file())

    def _walked(self):
        found = []
        for path in self.root.rglob('*'):
            relative = path.relative_to(self.root)
            if path.is_file() and not SKIPPED_FOLDERS.intersection(relative.parts):
                found.append(relative.as_posix())
        return sorted(found)


def is_within(path, folder):
    return path == folder or path.startswith(folder + '/')


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def blank(text, literals):
    """C++ text with its comments blanked, and with `literals` the insides of literals too."""
    out = []
    at = 0
    while at < len(text):
        if text.startswith('//', at):
            end = _end_of_line(text, at)
            keep = False
        elif text.startswith('/*', at):
            end = _after(text, '*/', at + 2)
            keep = False
        elif text.startswith('R"', at) and not _is_inside_word(text, at):
            opening = text.find('(', at)
            closing = ')' + text[at + 2:opening] + '"'
            end = _after(text, closing, opening)
            keep = not literals
        elif text[at] == '"' or (text[at] == "'" and not _is_digit_separator(text, at)):
            end = _end_of_literal(text, at)
            keep = not literals
        else:
            out.append(text[at])
            at += 1
            continue
        piece = text[at:end]
        if keep:
            out.append(piece)
        elif piece[0] in '"\'':
            out.append(piece[0] + _blanked(piece[1:-1]) + piece[-1])
        else:
            out.append(_blanked(piece))
        at = end
    return ''.join(out)


def _blanked(piece):
    return ''.join('\n' if c == '\n' else ' ' for c in piece)


def _after(text, mark, at):
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def _end_of_line(text, at):
    found = text.find('\n', at)
    return len(text) if found < 0 else found


def _end_of_literal(text, at):
    quote = text[at]
    end = at + 1
    while end < len(text) and text[end] not in (quote, '\n'):
        end += 2 if text[end] == '\\' else 1
    return min(end + 1, len(text))


def _is_inside_word(text, at):
    return at > 0 and (text[at - 1].isalnum() or text[at - 1] == '_')


def _is_digit_separator(text, at):
    begin = at
    while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] in "_'."):
        begin -= 1
    return begin < at and text[begin].isdigit()
