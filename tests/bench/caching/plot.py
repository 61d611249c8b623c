"""Where bytes came from under each policy, as SVG: a bar each."""

_PARTS = (("own_store", "own store", "#0b6e4f"), ("peers", "other peers", "#9ec9b8"),
          ("origin", "origin", "#c8553d"))
_LEFT, _WIDTH, _BAR, _STEP, _GAP = 130, 560, 18, 26, 44


def draw(rows):
    """A group of bars for each law of popularity and floor, in their order."""
    groups = {}
    for row in rows:
        groups.setdefault((row["zipf"], row["floor"]), []).append(row)
    parts, y = [_legend()], 60
    for (zipf, floor), members in groups.items():
        kept = "last copies go last" if floor else "last copies go as any other"
        parts.append(_text(20, y, f"Zipf {zipf:g}, copies_floor {floor}: {kept}", "bold"))
        y += 12
        for row in members:
            parts.append(_bar(row, y))
            y += _STEP
        y += _GAP - _STEP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{y}" '
            f'font-family="sans-serif" font-size="13">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def _text(x, y, text, weight="normal", anchor="start"):
    return f'<text x="{x}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">{text}</text>'


def _legend():
    parts, x = [], _LEFT
    for _, name, colour in _PARTS:
        parts.append(f'<rect x="{x}" y="18" width="14" height="14" fill="{colour}"/>')
        parts.append(_text(x + 20, 30, name))
        x += 120
    return "\n".join(parts)


def _bar(row, y):
    parts, x = [_text(_LEFT - 10, y + 14, row["policy"], anchor="end")], _LEFT
    for part, _, colour in _PARTS:
        width = row[part] * _WIDTH
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" '
                     f'fill="{colour}"/>')
        x += width
    parts.append(_text(_LEFT + _WIDTH + 10, y + 14, f"{row['origin_mib']:.0f} MiB from the origin"))
    return "\n".join(parts)
