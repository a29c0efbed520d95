"""Asks the gateway's compiler, before a deploy is written, whether Envoy could serve it."""

from collections.abc import Sequence

from gatewright.control.findings import Finding
from gatewright.control.ports import DeployCheck
from gatewright.domain.api import Api, Definition
from gatewright.domain.environment import Environment
from gatewright.domain.organization import Organization
from gatewright.gateway.check import check
from gatewright.gateway.descriptors import load_messages


def deploy_check() -> DeployCheck:
    """The check that control asks; loads Envoy's messages once."""
    messages = load_messages()

    def ask(
        organization: Organization,
        api: Api,
        definition: Definition,
        _environment: Environment,
        upstream: str,
        /,
    ) -> Sequence[Finding]:
        problems = check(organization, api, definition, upstream, messages)
        return [Finding(problem.location, problem.message) for problem in problems]

    return ask
