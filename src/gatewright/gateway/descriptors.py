"""Reads the checked-in descriptors of Envoy's messages from the package."""

from importlib import resources

from gatewright.gateway.xds.messages import Messages

_FILE = "envoy.binpb.zlib"


def load_messages() -> Messages:
    """The message classes; takes some 10 ms, so make one and pass it on."""
    return Messages(resources.files("gatewright.gateway.xds").joinpath(_FILE).read_bytes())
