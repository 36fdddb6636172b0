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

# Shorter names are in other words by accident.
_LONG = 3


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

    def within(self, name: str, patient: str) -> str:
        """A file's `name` with the patient's hash where it has the patient's name.

        In capitals or not: files of a folder are often written otherwise than the table. One or two letters
        or digits count where they stand by themselves, as in AB001 or p07.
        """
        if not patient:
            return name
        short = len(patient) < _LONG
        before, after = (_apart("<!", patient[0]), _apart("!", patient[-1])) if short else ("", "")
        found = f"{before}(0*){re.escape(patient)}{after}"
        return re.sub(found, rf"\g<1>{self.of(patient)}", name, flags=re.IGNORECASE)

    def within_reason(self, reason: str, file: Path, patient: str) -> str:
        """The sentence why `file` was left out, likewise; of a short name only where it names the file.

        Its own words may be a patient's initials, and a hash in place of one of them would tell whose it is.
        """
        if len(patient) >= _LONG:
            return self.within(reason, patient)
        for named in (str(file), f"{file.stem}."):
            reason = reason.replace(named, self.within(named, patient))
        return reason


def _apart(look: str, end: str) -> str:
    """The pattern that no letter is next to the letter `end` of a name, and no digit to a digit.

    Other scripts write without blanks, and two of their characters are together by no accident.
    """
    kind = next((kind for kind in ("[a-z]", "[0-9]") if re.fullmatch(kind, end, re.IGNORECASE)), None)
    return f"(?{look}{kind})" if kind else ""
