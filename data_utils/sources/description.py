"""What is true of recordings with diagnoses, ages and sexes, as most published sources have them."""

from __future__ import annotations

from collections.abc import Mapping

from data_utils.sources.names import slugs
from data_utils.sources.options import RecordingOptions
from data_utils.write import Description


def describe(
    name: str,
    source: str,
    licence: str,
    classes: Mapping[str, str],
    options: RecordingOptions,
    groups_known: bool,
) -> Description:
    """Of recordings that may have several diagnoses, with the patient's age and sex.

    Args:
        name: of the source, on the command line.
        classes: class -> its long name.
    """
    return Description(
        task="multilabel",
        classes=slugs(list(classes)),
        class_names=tuple(classes.values()),
        leads=options.leads,
        rate=options.rate,
        covariates=("age", "female"),
        source=source,
        licence=licence,
        simulated=False,
        groups_known=groups_known,
        preparation=options.preparation(name),
    )
