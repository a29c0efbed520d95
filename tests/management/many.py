"""Many APIs at once, straight through control, in one transaction."""

from gatewright.control import apis, definitions
from gatewright.domain.operation import Operation


def add_apis(installed, count):
    definition = definitions.define([Operation("GET", f"/things/{n}") for n in range(10)], [])
    with installed.store.write() as tx:
        desk = installed.desk(tx)
        for number in range(count):
            apis.create(desk, apis.NewApi(f"API number {number}", "v1.0", definition))
