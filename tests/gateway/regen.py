"""Rewrites the golden files: desired state, a line, what it compiles to. Read the diff."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from tests.gateway.scene import Scene

from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.xds import names

FOLDER = Path(__file__).parent / "golden"
LINE = "---\n"
SHOWN = ("clusters", "scopes", "routes")
KINDS = {
    "clusters": names.CLUSTER,
    "extensions": names.EXTENSION,
    "listeners": names.LISTENER,
    "scopes": names.SCOPE,
    "routes": names.ROUTES,
}


# Of the shards of revoked tokens only the first is shown: the others differ by their number.
_ANOTHER_SHARD = re.compile(r"revoked-settled/.*/(?!00)\d\d")


def _without_shards(content: Any) -> Any:
    if isinstance(content, list):
        return [_without_shards(item) for item in content]
    if not isinstance(content, dict):
        return content
    found = {key: _without_shards(item) for key, item in content.items()}
    if "prefix_match_map" in found:
        found["prefix_match_map"] = {"map": {"A": found["prefix_match_map"]["map"]["A"]}}
    return found


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def desired(path: Path) -> tuple[str, dict[str, Any]]:
    """The upper half of a golden file, as text and parsed."""
    upper = path.read_text().partition(LINE)[0]
    return upper, yaml.safe_load(upper)


def compiled(text: dict[str, Any]) -> str:
    """The lower half."""
    messages = load_messages()
    scene = Scene(text)
    build = scene.build()
    snapshot = scene.snapshot()
    build.everything()
    shown: dict[str, Any] = {
        kind: {
            name: _without_shards(messages.unpack(KINDS[kind], item.body))
            for name, item in sorted(snapshot.resources[KINDS[kind]].items())
            if not _ANOTHER_SHARD.fullmatch(name)
        }
        for kind in text.get("show", SHOWN)
    }
    faults = {id: item.reason for id, item in sorted(build.faults.items())}
    if faults:
        shown["faults"] = faults
    plain = json.loads(json.dumps(shown))
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=True, width=100)


def main() -> None:
    """Rewrite every file in the folder."""
    for path in sorted(FOLDER.glob("*.yaml")):
        upper, text = desired(path)
        path.write_text(upper + LINE + compiled(text))


if __name__ == "__main__":
    main()
