"""Local references (`$ref`) to path items and security schemes, followed within a bound.

References inside schemas are of no concern here and are not followed, so that their cycles live.
"""

from urllib.parse import unquote

from gatewright.control.openapi.reading import Node

HOPS_MAX = 20
REFERENCE_LENGTH_MAX = 1000


def follow(root: Node, node: Node) -> tuple[Node, str | None]:
    """What the node's reference leads to, or the reason that it leads nowhere."""
    seen: set[str] = set()
    while node.has("$ref"):
        reference = node.child("$ref").value
        if not isinstance(reference, str):
            return node, "The reference is not text."
        if not reference.startswith("#"):
            return node, "References to other documents are not followed."
        if len(reference) > REFERENCE_LENGTH_MAX:
            return node, "The reference is too long."
        if reference in seen or len(seen) >= HOPS_MAX:
            return node, "The reference leads in a circle."
        seen.add(reference)
        target = _at(root, reference[1:])
        if target is None:
            return node, f"The reference {reference[:120]!r} leads nowhere."
        node = target
    return node, None


def _at(root: Node, fragment: str) -> Node | None:
    node = root
    for token in unquote(fragment).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if not node.has(key):
            return None
        node = node.child(key)
    return node
