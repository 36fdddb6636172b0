"""The diagnoses of the PhysioNet/Computing in Cardiology Challenge 2020 (Perez Alday et al. 2020, Physiol
Meas 41:124003) as SNOMED CT codes, and the nine of CPSC 2018 (Liu et al. 2018, J Med Imaging Health Inform
8:1368).
"""

from __future__ import annotations

# Abbreviation -> code and name of the 27 diagnoses that the challenge scored.
SCORED = {
    "IAVB": ("270492004", "First degree AV block"),
    "AF": ("164889003", "Atrial fibrillation"),
    "AFL": ("164890007", "Atrial flutter"),
    "Brady": ("426627000", "Bradycardia"),
    "CRBBB": ("713427006", "Complete right bundle branch block"),
    "IRBBB": ("713426002", "Incomplete right bundle branch block"),
    "LAnFB": ("445118002", "Left anterior fascicular block"),
    "LAD": ("39732003", "Left axis deviation"),
    "LBBB": ("164909002", "Left bundle branch block"),
    "LQRSV": ("251146004", "Low QRS voltages"),
    "NSIVCB": ("698252002", "Nonspecific intraventricular conduction disorder"),
    "PR": ("10370003", "Pacing rhythm"),
    "PAC": ("284470004", "Premature atrial contraction"),
    "PVC": ("427172004", "Premature ventricular contractions"),
    "LPR": ("164947007", "Prolonged PR interval"),
    "LQT": ("111975006", "Prolonged QT interval"),
    "QAb": ("164917005", "Abnormal Q wave"),
    "RAD": ("47665007", "Right axis deviation"),
    "RBBB": ("59118001", "Right bundle branch block"),
    "SA": ("427393009", "Sinus arrhythmia"),
    "SB": ("426177001", "Sinus bradycardia"),
    "NSR": ("426783006", "Sinus rhythm"),
    "STach": ("427084000", "Sinus tachycardia"),
    "SVPB": ("63593006", "Supraventricular premature beats"),
    "TAb": ("164934002", "Abnormal T wave"),
    "TInv": ("59931005", "T wave inversion"),
    "VPB": ("17338001", "Ventricular premature beats"),
}

# Scored as one diagnosis, under the second name.
MERGED = {"RBBB": "CRBBB", "SVPB": "PAC", "VPB": "PVC"}

# The text that CPSC 2018 writes -> the code that the challenge gave it, and its name. The challenge codes its
# PVC as ventricular ectopics, 164884008, which is none of the 27.
CPSC = {
    "AF": ("164889003", "Atrial fibrillation"),
    "I-AVB": ("270492004", "First degree AV block"),
    "LBBB": ("164909002", "Left bundle branch block"),
    "Normal": ("426783006", "Normal"),
    "PAC": ("284470004", "Premature atrial contraction"),
    "PVC": ("164884008", "Premature ventricular contraction"),
    "RBBB": ("59118001", "Right bundle branch block"),
    "STD": ("429622005", "ST segment depression"),
    "STE": ("164931005", "ST segment elevation"),
}


def diagnoses(which: str) -> tuple[dict[str, str], dict[str, str]]:
    """Class -> long name; and code, or CPSC's text -> class.

    Args:
        which: "27", "24" (equivalent ones merged) or "cpsc".
    """
    if which == "cpsc":
        class_of = {code: text for text, (code, _) in CPSC.items()} | {text: text for text in CPSC}
        class_of |= {SCORED["PVC"][0]: "PVC", SCORED["VPB"][0]: "PVC", SCORED["SVPB"][0]: "PAC"}
        return {text: name for text, (_, name) in CPSC.items()}, class_of | {SCORED["CRBBB"][0]: "RBBB"}
    into = MERGED if which == "24" else {}
    class_of = {code: into.get(short, short) for short, (code, _) in SCORED.items()}
    # As text CPSC's premature ventricular contractions are what they say.
    class_of |= {text: class_of[code] for text, (code, _) in CPSC.items() if code in class_of}
    class_of["PVC"] = "PVC"
    return {short: name for short, (_, name) in SCORED.items() if short not in into}, class_of
