"""Notes for the reader of a change; none of them fails a test."""

import re

from .tree import Complaint

LINES_ASK = {'.h': 300, '.cpp': 600, '.py': 600}
SELF = ('tools/tidylib/', 'tests/tools/')
TODO = re.compile(r'\b(TODO|FIXME|XXX)\b(?!(\([^)]+\))?:?\s*\S+\s+\S+)')


def check(tree):
    for path in tree.tracked_files:
        suffix = next((one for one in LINES_ASK if path.endswith(one)), None)
        if suffix is None:
            continue
        lines = tree.text(path).split('\n')
        if len(lines) > LINES_ASK[suffix]:
            yield note(path, 1, f'has {len(lines)} lines, expected at most {LINES_ASK[suffix]}; '
                                'is there a part that stands alone?')
        for number, line in enumerate(lines, 1):
            if TODO.search(line) and not path.startswith(SELF):
                yield note(path, number, 'a TODO without a reason, expected what and why; say it, '
                                         'or do it')


def note(path, line, text):
    return Complaint(path, line, text, is_failure=False)
