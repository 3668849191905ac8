"""How values of the user's appear in messages: short, and on one line."""

_WIDTH = 40
_MOST = 60


def shortened(value: object, width: int = _WIDTH) -> str:
    """Return a value as text of at most ``width`` characters on one line, with ``...`` where something is left out."""
    text = value if isinstance(value, str) else str(value)
    # what is cut off needs not be escaped: a cell may be as long as a book
    head = text[: width + 1]
    if not head.isprintable():
        head = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in head)
    return head if len(head) <= width and len(text) <= width else head[: width - 3] + "..."


def quoted(value: object, width: int = _WIDTH) -> str:
    """Return a value as ``shortened`` has it, text within quotes."""
    return f"'{shortened(value, width)}'" if isinstance(value, str) else shortened(value, width)


def listed(names: list[str], most: int = _MOST) -> str:
    """Return names, each shortened, with commas between them; of very many the first, and how many more there are."""
    shown = ", ".join(map(shortened, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
