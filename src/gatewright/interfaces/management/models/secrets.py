"""What is answered about client secrets beyond the secret itself."""

from gatewright.interfaces.management.models import SecretOut


class RotationOut(SecretOut):
    """The new secret, shown this once; `retiring` are the older ones, each with its end."""

    retiring: list[SecretOut]
