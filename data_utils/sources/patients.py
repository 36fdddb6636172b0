"""Patients' names become salted hashes before anything is written; the salt stays beside the file, for its
owner alone."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from data_utils.errors import BadInput

# Shorter names would be found by accident in the name of a recording.
_TOLD = 3


def salt_path(out: Path) -> Path:
    """`X.salt` for `X.h5`."""
    return out.with_suffix(".salt")


@dataclass(frozen=True)
class Pseudonyms:
    """One salt's hashes."""

    salt: bytes

    @classmethod
    def beside(cls, out: Path) -> Pseudonyms:
        """With the salt beside a dataset file, so that a second build gives the same; else with a new one.

        Raises:
            BadInput: what lies there is no salt.
        """
        path = salt_path(out)
        if not path.exists():
            return cls(secrets.token_bytes(32))
        try:
            return cls(bytes.fromhex(path.read_text().strip()))
        except (OSError, ValueError) as error:
            raise BadInput(
                f"{path} is no salt that this program wrote: move it away, or choose another --out."
            ) from error

    def save(self, out: Path) -> None:
        """Write the salt for its owner alone to read; it was there before or is written now."""
        path = salt_path(out)
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(self.salt.hex() + "\n")

    def of(self, patient: str) -> str:
        """16 hex digits, which nobody without the salt can trace back."""
        return hmac.digest(self.salt, patient.encode(), "sha256").hex()[:16]

    def within(self, text: str, patient: str) -> str:
        """`text`, such as a file's name, with the patient's hash where it has the patient's name.

        In capitals or not: files of a folder are often written otherwise than the table.
        """
        if len(patient) < _TOLD:
            return text
        return re.sub(re.escape(patient), self.of(patient), text, flags=re.IGNORECASE)
