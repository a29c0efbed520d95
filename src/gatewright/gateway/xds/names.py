"""Type URLs of Envoy's messages, and the kinds of resources in the order they are sent."""

TYPE = "type.googleapis.com/"
CONFIG = TYPE + "envoy.config."
EXTENSIONS = TYPE + "envoy.extensions."
FILTERS = EXTENSIONS + "filters.http."

CLUSTER = CONFIG + "cluster.v3.Cluster"
ENDPOINTS = CONFIG + "endpoint.v3.ClusterLoadAssignment"
EXTENSION = CONFIG + "core.v3.TypedExtensionConfig"
LISTENER = CONFIG + "listener.v3.Listener"
SCOPE = CONFIG + "route.v3.ScopedRouteConfiguration"
ROUTES = CONFIG + "route.v3.RouteConfiguration"
SECRET = EXTENSIONS + "transport_sockets.tls.v3.Secret"

KINDS = (CLUSTER, ENDPOINTS, SECRET, EXTENSION, LISTENER, SCOPE, ROUTES)
"""Every kind of resource, what is used before what uses it: the order of additions."""

REMOVALS = (LISTENER, SCOPE, ROUTES, EXTENSION, SECRET, ENDPOINTS, CLUSTER)
"""The order of removals: what uses before what is used."""

HTTP_MANAGER = EXTENSIONS + (
    "filters.network.http_connection_manager.v3.HttpConnectionManager"
)  # fmt: skip
EARLY_HEADERS = EXTENSIONS + "http.early_header_mutation.header_mutation.v3.HeaderMutation"
CEL_FILTER = EXTENSIONS + "access_loggers.filters.cel.v3.ExpressionFilter"
USAGE_LOG = EXTENSIONS + "access_loggers.stats.v3.Config"
TRANSFORM_STAT = EXTENSIONS + "matching.actions.transform_stat.v3.TransformStat"
STAT_TAG_VALUE = EXTENSIONS + "matching.common_inputs.stats.v3.StatTagValueInput"
TLS_SERVER = EXTENSIONS + "transport_sockets.tls.v3.DownstreamTlsContext"
TLS_CLIENT = EXTENSIONS + "transport_sockets.tls.v3.UpstreamTlsContext"
HTTP_OPTIONS = EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions"
HTTP_OPTIONS_KEY = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
CONNECTIONS_MONITOR = EXTENSIONS + (
    "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
)  # fmt: skip
CONNECTIONS_MONITOR_NAME = "envoy.resource_monitors.global_downstream_max_connections"

HTTP_MANAGER_NAME = "envoy.filters.network.http_connection_manager"
TLS_INSPECTOR = EXTENSIONS + "filters.listener.tls_inspector.v3.TlsInspector"
TLS_INSPECTOR_NAME = "envoy.filters.listener.tls_inspector"
USAGE_LOG_NAME = "envoy.access_loggers.stats"
CEL_FILTER_NAME = "envoy.access_loggers.extension_filters.cel"
TLS_NAME = "envoy.transport_sockets.tls"
ROUTER_NAME = "envoy.filters.http.router"

FILTER_CONFIG = CONFIG + "route.v3.FilterConfig"
DISABLED = {"@type": FILTER_CONFIG, "disabled": True}
"""Per route: the filter does not run."""

ADS = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
"""Take it from the one stream; wait for it as long as it takes, so that nothing serves half."""

ADS_FILTER = {**ADS, "initial_fetch_timeout": "15s"}
"""For a filter: after that time Envoy answers its calls with 500 and lets other listeners start."""

ADS_SECRET = {**ADS, "initial_fetch_timeout": "15s"}
"""For a certificate: after that time its connections are refused, and all others are served."""

DELTA_REQUEST = "envoy.service.discovery.v3.DeltaDiscoveryRequest"
DELTA_RESPONSE = "envoy.service.discovery.v3.DeltaDiscoveryResponse"
DISCOVERY_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
