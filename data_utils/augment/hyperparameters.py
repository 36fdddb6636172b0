"""The strength of every augmentation; 0 is off, and all are off by default.

Under scaling: window the examples are in deviations of the window, and so is what is given in mV here.
"""

from __future__ import annotations


def _strength(highest: float, meaning: str) -> dict:
    return {"type": "float", "default": 0.0, "min": 0.0, "max": highest, "meaning": meaning}


_STRENGTHS = {
    "augment_warp": _strength(
        0.5, "Time warp: played faster or slower about its middle, by up to this share."
    ),
    "augment_shift": _strength(5.0, "Seconds that an example is moved by at most; its edges are prolonged."),
    "augment_amplitude": _strength(0.9, "Gain of all leads: 1 plus or minus up to this."),
    "augment_mixup": _strength(
        10.0,
        "alpha of mixup's Beta distribution: another example of the batch is mixed in, with half the weight "
        "at most, and the target stays.",
    ),
    "augment_wander": _strength(5.0, "mV of baseline wander at most: a sine of 0.05 to 0.5 Hz in each lead."),
    "augment_snr": _strength(
        60.0, "dB of signal to noise at worst; each example draws up to 10 dB above it. 0 adds no noise."
    ),
    "augment_lead_dropout": _strength(0.9, "How likely each lead reads 0; one lead at least stays."),
    "augment_mask": _strength(0.9, "Share of an example, at most, that one stretch of zeros covers."),
}

STRENGTHS = tuple(_STRENGTHS)

HYPERPARAMETERS = {
    **_STRENGTHS,
    "augment_probability": {
        "type": "float",
        "default": 0.5,
        "min": 0.0,
        "max": 1.0,
        "meaning": "How likely an example gets each augmentation that is on.",
        "needs": list(STRENGTHS),
    },
    "noise_from": {
        "type": "str",
        "default": "",
        "meaning": "WFDB records of noise for augment_snr, with commas between, such as nstdb/ma,nstdb/bw; "
        "empty is white noise.",
        "needs": ["augment_snr"],
    },
}
