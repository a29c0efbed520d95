"""From rotations to what is answered."""

from gatewright.control.desk import Desk
from gatewright.control.secrets import Rotation
from gatewright.interfaces.management import views
from gatewright.interfaces.management.models.secrets import RotationOut


def rotation(desk: Desk, done: Rotation) -> RotationOut:
    """The new secret in clear, with the older ones that were usable."""
    new = views.secret(desk, done.new.secret, done.new)
    return RotationOut(
        **new.model_dump(), retiring=[views.secret(desk, item) for item in done.retiring]
    )
