"""How much a benchmark does: enough for numbers, or just enough to see that it works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What the command line says; `quick` results prove nothing but that the benchmark runs."""

    quick: bool = False
    peers_only: bool = False
    rounds: int = 7
    seconds: int = 3
    apis: int = 1000
    operations: int = 10
    repeats: int = 50
    deploys: int = 200
    minutes: int = 10
    rotation_seconds: int = 300
    rotation_pause: int = 10

    @classmethod
    def for_quick(cls, peers_only: bool) -> "Options":
        return cls(
            quick=True,
            peers_only=peers_only,
            rounds=1,
            seconds=1,
            apis=20,
            operations=4,
            repeats=3,
            deploys=10,
            minutes=0,
            rotation_seconds=12,
            rotation_pause=3,
        )
