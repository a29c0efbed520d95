"""The registry of grants, by the value of `grant_type`."""

from collections.abc import Mapping

from gatewright.sts.authorization import Grant
from gatewright.sts.grants import client_credentials, jwt_bearer, token_exchange

_MODULES: tuple[Grant, ...] = (client_credentials, token_exchange, jwt_bearer)
GRANTS: Mapping[str, Grant] = {module.grant_type: module for module in _MODULES}
