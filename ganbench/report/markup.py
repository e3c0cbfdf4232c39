"""HTML from untrusted text: everything that goes into a page passes ``text`` or ``tag``."""

from html import escape

from ganbench.printable import one_line

MINUS = "\N{MINUS SIGN}"
VOID = ("img", "meta", "link", "col")


def text(value: object) -> str:
    """Return a value as one escaped line, for an element's content or for an attribute in double quotes."""
    return escape(one_line(str(value)), quote=True)


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """Return an element.

    Args:
        name: of the element.
        content: HTML; text must have passed ``text``.
        attributes: names with ``_`` for ``-`` (``class_`` for ``class``); values are escaped; None leaves one out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>" if name in VOID else f"<{name}{given}>{content}</{name}>"


def paragraphs(lines: list[str], **attributes: object) -> str:
    """Return lines of text as paragraphs."""
    return "".join(tag("p", text(line), **attributes) for line in lines)


def scrolling(content: str, label: str) -> str:
    """Return wide content in a box that scrolls sideways, which the keyboard reaches, too."""
    return tag("div", content, class_="wide", tabindex=0, role="region", aria_label=label)


def slug(value: str) -> str:
    """Return a text as the id of an element: ASCII letters and digits, joined by hyphens."""
    kept = "".join(c if c.isascii() and c.isalnum() else " " for c in value.lower())
    return "-".join(kept.split()) or "x"
