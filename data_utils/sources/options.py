"""What may be asked of every source of whole recordings: preparation, quality, strips, split and folds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from data_utils.errors import BadInput
from data_utils.recipe import MISSING_LEADS, Recipe
from data_utils.sources.registry import option
from data_utils.sources.signal import Signal

if TYPE_CHECKING:
    from data_utils.quality import Failure

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """Shared by the sources of whole recordings; a source adds its own and changes defaults."""

    leads: tuple[str, ...] = option(TWELVE, "Lead names in the order of storing.", "names")
    missing_leads: str = option(
        "refuse", "What becomes of a recording that lacks a lead.", "choice", MISSING_LEADS
    )
    rate: float = option(500.0, "Hz of the stored signal; recordings of another rate are resampled.", "float")
    band_pass: tuple[float, float] | None = option(
        None, "Edges in Hz of a zero-phase filter, such as 0.5,40.", "band"
    )
    notch: float | None = option(None, "Hz of the mains to take out.", "float")
    clip: float | None = option(None, "mV; what lies further from 0 is set to it.", "float")
    quality: bool = option(False, "Leave out what fails quality control, and say why.", "flag")
    strips: float | None = option(None, "Rows of that many seconds instead of whole recordings.", "seconds")
    overlap: float = option(0.0, "Share of a strip that the next one repeats.", "float")
    drop_unlabelled: bool = option(False, "Leave out recordings of none of the classes.", "flag")
    folds: int | None = option(None, "Patient-wise folds of the training side.", "int")

    def __post_init__(self) -> None:
        if self.strips is not None and not self.strips > 0:
            raise BadInput(f"--strips {self.strips:g} must be a positive number of seconds.")
        if not 0 <= self.overlap < 1:
            raise BadInput(f"--overlap {self.overlap:g} must be at least 0 and less than 1.")
        length = (self.strips or 1.0) * (self.rate or 1.0)
        if self.strips and self.rate and round(length) <= round(self.overlap * length):
            raise BadInput(
                f"--strips {self.strips:g} with --overlap {self.overlap:g} does not go on by a sample at "
                f"{self.rate:g} Hz: make strips longer, or overlap them less."
            )
        self.recipe()

    def recipe(self) -> Recipe:
        """What is done to every recording before it is stored."""
        return Recipe(self.rate, self.band_pass, self.notch, self.leads, self.missing_leads, self.clip)

    def failures(self, signal: Signal) -> list[Failure]:
        """What quality control finds wrong with a recording; empty without it."""
        if not self.quality:
            return []
        from data_utils.quality import assess

        wanted = {lead.casefold() for lead in self.leads}
        used = [k for k, lead in enumerate(signal.leads) if not wanted or lead.casefold() in wanted]
        leads = [signal.leads[k] for k in used]
        return assess(signal.samples[:, used], signal.rate, leads) if used else []

    def preparation(self, source: str) -> dict:
        """What the dataset file keeps, so that serving can do the same to a new recording."""
        others = {name: value for name, value in asdict(self).items() if name not in _IN_RECIPE}
        return {"source": source, "units": "mV", "recipe": self.recipe().to_json(), **others}


@dataclass(frozen=True, kw_only=True)
class DealtOptions(RecordingOptions):
    """For sources without a published split: how much of it validates and is sealed."""

    validation: float = option(0.15, "Share of the recordings that validate.", "float")
    test: float = option(0.15, "Share of the recordings that are sealed.", "float")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.validation > 0 and self.test > 0 and self.validation + self.test < 1):
            raise BadInput(
                f"--validation {self.validation:g} and --test {self.test:g} must be positive and leave "
                f"something to train on."
            )

    def shares(self) -> tuple[float, float, float]:
        """Of training, validation and test."""
        return (1 - self.validation - self.test, self.validation, self.test)


_IN_RECIPE = ("rate", "band_pass", "notch", "leads", "missing_leads", "clip")
