"""Evaluation on a sealed side: the card rules, the ledger counts, and a wrong file is not counted."""

import json
import shutil

import h5py
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation
from data_utils.write import BeatRows, Description, writing
from training.answers import load_model
from training.bootstrap import MEASURES
from training.card import read_card
from training.decision import decide, probabilities
from training.ensemble import average
from training.evaluation import evaluate_model, unit_of
from training.fit import fit_member
from training.ledger import openings
from training.outcome import conclude
from training.patients import patients_taught
from training.predictions import pool
from training.result import describe_model


@pytest.fixture(scope="module")
def model_dir(dataset, tmp_path_factory):
    from training.card import write_card
    from training.hyperparameters import resolve

    folder = tmp_path_factory.mktemp("model")
    hp = resolve({"n_blocks": 2, "filters": 4, "dense_units": 8, "epochs": 4, "steps_per_epoch": 10})
    members = [fit_member(hp, dataset, ["N", "S"], lambda row: None)]
    predictions = pool(dataset, members)
    outcome = conclude(predictions, members, ["N", "S"], hp["link"], dataset.task)
    model, preparation = average(members)
    model.save(folder / "model.keras")
    card = describe_model(hp, dataset, preparation, outcome, ["N", "S"])
    write_card(folder, {**card, "run": {"path": "local/x", "server": "none"}})
    return folder


@pytest.fixture
def sealed(dataset_file, tmp_path):
    """A copy of the sealed file, so that each test has a ledger of its own."""
    return shutil.copy(dataset_file.with_suffix(".test.h5"), tmp_path / "beats.test.h5")


@pytest.fixture
def changed(model_dir, tmp_path):
    """Makes a copy of the model with some of its card changed."""

    def change(**values):
        folder = shutil.copytree(model_dir, tmp_path / "changed")
        card = json.loads((folder / "card.json").read_text())
        (folder / "card.json").write_text(json.dumps({**card, **values}))
        return folder

    return change


def test_the_numbers_are_those_of_the_cards_preparation_link_temperature_and_thresholds(model_dir, sealed):
    result = evaluate_model(model_dir, sealed, resamples=50)

    card, side = read_card(model_dir), open_dataset(sealed).test()
    logits = load_model(model_dir)(Examples(side, Preparation.from_json(card["preparation"])))
    p = probabilities(logits, card["link"], card["temperature"])
    decisions = decide(p, np.array([card["thresholds"][name] for name in "NSVF"]), card["task"])
    for k, name in enumerate("NSVF"):
        truth = side.targets[:, k] == 1
        assert result["classes"][name]["support"] == truth.sum()
        assert result["classes"][name]["prevalence"] == pytest.approx(truth.mean())
        if truth.any():
            expected = average_precision_score(truth, p[:, k])
            assert result["classes"][name]["auprc"]["value"] == pytest.approx(expected)
            assert result["classes"][name]["f1"]["value"] == pytest.approx(f1_score(truth, decisions[:, k]))
    there = result["macro"]["classes"]
    mean = np.mean([result["classes"][name]["f1"]["value"] for name in there])
    assert result["macro"]["f1"]["value"] == pytest.approx(mean)


def test_intervals_hold_their_value_and_the_result_is_plain_json(model_dir, sealed):
    result = json.loads(json.dumps(evaluate_model(model_dir, sealed, resamples=200), allow_nan=False))

    for measure in MEASURES:
        one = result["classes"]["N"][measure]
        assert one["low"] <= one["value"] <= one["high"]


def test_the_full_set_agrees_with_what_has_intervals(model_dir, sealed):
    result = evaluate_model(model_dir, sealed, resamples=5)

    measures = result["measures"]
    for name, one in result["classes"].items():
        if one["support"]:
            assert measures["classes"][name]["sensitivity"] == pytest.approx(one["sensitivity"]["value"])
            assert measures["classes"][name]["auprc"] == pytest.approx(one["auprc"]["value"])
    assert set(measures["aami"]) == {"S", "V"} and "jk_index" in measures["overall"]
    assert "record_measures" not in result  # its rows are beats


def test_windows_are_measured_by_recording_by_the_cards_rule(changed, sealed):
    # As if its beats were windows; one class is true of a row here, so it is made to be read as one of many.
    with h5py.File(sealed, "r+") as file:
        file.attrs["task"] = "multilabel"
    record = {"rule": "max", "thresholds": dict.fromkeys("NSVF", 0.3)}
    folder = changed(task="multilabel", link="sigmoid", record=record)

    result = evaluate_model(folder, sealed, resamples=2)

    side = open_dataset(sealed).test()
    recordings = side.dataset.rows.recording[side.rows]
    there = [(side.targets[recordings == one] == 1).any(axis=0) for one in np.unique(recordings)]
    for k, name in enumerate("NSVF"):
        assert result["record_measures"]["classes"][name]["support"] == np.sum(there, axis=0)[k]


@pytest.mark.parametrize(
    ("seconds", "unit"), [(20.0, "recordings"), (5.0, "strips"), (1.5, "beats"), (None, "beats")]
)
def test_rows_are_called_what_they_are(seconds, unit, tmp_path):
    stretch = None if seconds is None else np.array([[0, round(seconds * 100)]])
    target, covariates = np.array([[1, 0]], np.uint8), np.zeros((1, 0), np.float32)
    row = BeatRows(np.array([500 if seconds is None else -1]), target, covariates, stretch)
    of = Description(
        "multiclass", ("A", "B"), ("A", "B"), ("I",), 100.0, (), "by hand", "none", True, True, {}
    )
    with writing(tmp_path / "rows.h5", of) as writer:
        for split in ("train", "validation", "test"):
            writer.add(split, split, split, np.ones((2000, 1)), row)
        writer.finish({"train": 0, "validation": 1})

    assert unit_of(open_dataset(tmp_path / "rows.test.h5").test()) == unit


def test_the_table_by_patient_adds_up(model_dir, sealed):
    result = evaluate_model(model_dir, sealed, resamples=5)

    assert len(result["by_patient"]) == result["patients"] == 3
    assert sum(one["rows"] for one in result["by_patient"]) == result["rows"]
    for name, whole in result["classes"].items():
        support = sum(one["classes"][name]["support"] for one in result["by_patient"])
        found = sum(one["classes"][name]["found"] for one in result["by_patient"])
        assert support == whole["support"]
        if support:
            assert found / support == pytest.approx(whole["sensitivity"]["value"])


def test_the_temperature_is_the_cards(changed, sealed):
    # So hot that all probabilities are nearly alike, and the smallest threshold takes every row.
    thresholds = {"N": 0.5, "S": 0.4, "V": 0.5, "F": 0.5}
    result = evaluate_model(changed(temperature=1e6, thresholds=thresholds), sealed, resamples=2)

    assert result["classes"]["S"]["sensitivity"]["value"] == 1


def test_a_class_of_two_patients_has_a_value_and_no_interval(model_dir, sealed):
    with h5py.File(sealed, "r+") as file:
        target, recording = file["row/target"][()], file["row/recording"][()]
        assert (target[recording < 2, 1] == 1).any()
        target[(recording == 2) & (target[:, 1] == 1)] = [1, 0, 0, 0]
        file["row/target"][...] = target
    result = evaluate_model(model_dir, sealed, resamples=20)

    auprc = result["classes"]["S"]["auprc"]
    assert auprc["value"] is not None and (auprc["low"], auprc["high"]) == (None, None)
    assert f"S is in {result['classes']['S']['patients']} of the patients: too few" in " ".join(
        result["warnings"]
    )
    assert result["classes"]["N"]["auprc"]["low"] is not None


def test_a_class_that_every_row_has_is_left_out_of_the_mean_of_curves_and_named(changed, sealed):
    with h5py.File(sealed, "r+") as file:
        file.attrs["task"] = "multilabel"
        target = file["row/target"][()]
        target[:, 0], target[:, 3] = 1, 0
        file["row/target"][...] = target
    result = evaluate_model(changed(task="multilabel", link="sigmoid"), sealed, resamples=20)

    classes, macro = result["classes"], result["macro"]
    for measure, names in (("auprc", "SV"), ("auroc", "SV"), ("f1", "NSV")):
        expected = np.mean([classes[name][measure]["value"] for name in names])
        assert macro[measure]["value"] == pytest.approx(expected)
    assert macro["auprc"]["low"] <= macro["auprc"]["value"] <= macro["auprc"]["high"]
    assert "No row is without N: macro AUPRC and AUROC leave that out." in result["warnings"]
    assert "No row has F: the macro averages are without." in result["warnings"]


def test_every_opening_counts(model_dir, sealed):
    assert [evaluate_model(model_dir, sealed, resamples=2)["openings"] for _ in range(2)] == [1, 2]

    line = json.loads(sealed.with_suffix(".ledger.jsonl").read_text().splitlines()[0])
    assert line["run"] == {"path": "local/x", "server": "none"}
    assert line["test_digest"] == open_dataset(sealed).digest


def test_what_makes_a_number_doubtful_is_said(model_dir, changed, sealed):
    warnings = " ".join(evaluate_model(model_dir, sealed, resamples=2)["warnings"])
    assert "simulated beats" in warnings
    assert "only 3 patients: intervals from fewer than 20 are too narrow" in warnings
    assert "another data set" not in warnings

    other = changed(dataset={**read_card(model_dir)["dataset"], "digest": "f" * 64})
    result = evaluate_model(other, sealed, resamples=2)
    assert "another data set" in " ".join(result["warnings"])
    assert result["dataset"]["same_as_training"] is False


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"leads": ["MLII"]}, "trained with leads MLII, but .* has simulated"),
        ({"task": "multilabel"}, "trained with task multilabel, but .* has multiclass"),
        (
            {
                "classes": [*"ABCD"],
                "class_names": [*"ABCD"],
                "thresholds": dict.fromkeys("ABCD", 0.5),
            },
            "say which is which by --map",
        ),
        ({"covariates": [*"abcdefg"]}, "covariates a, b, c, d, e, f, g, but .* has rr_pre"),
    ],
)
def test_a_file_that_means_something_else_is_refused_and_not_counted(changed, sealed, values, sentence):
    with pytest.raises(BadInput, match=sentence):
        evaluate_model(changed(**values), sealed)
    assert openings(sealed) == 0


def test_a_training_file_is_no_test_file(model_dir, dataset_file):
    with pytest.raises(BadInput, match="holds no test rows"):
        evaluate_model(model_dir, dataset_file)


def test_a_missing_or_broken_model_is_refused_and_not_counted(changed, sealed):
    folder = changed()
    (folder / "model.keras").write_bytes(b"not a model")
    with pytest.raises(BadInput, match="is no model that this version of Keras reads"):
        evaluate_model(folder, sealed)
    (folder / "model.keras").unlink()
    with pytest.raises(BadInput, match=r"There is no model\.keras"):
        evaluate_model(folder, sealed)
    assert openings(sealed) == 0


def test_classes_of_another_file_are_matched_and_rows_of_strange_ones_are_left_out(changed, sealed):
    """The model's V and F are called otherwise, as told; S is none of its classes."""
    classes = ["N", "X", "ventricular", "fusion"]
    folder = changed(
        classes=classes,
        class_names=["normal", "none", "Ventricular ectopic", "fusion"],
        thresholds=dict.fromkeys(classes, 0.5),
        metrics={"auprc/N": 0.75, "f1_tuned/N": 0.5, "f1/N": 0.25},
        calibration={"scale": {}, "offset": {}},
        dataset={
            "digest": "f" * 64, "source": "", "simulated": True, "groups_known": True, "licence": "",
            "preparation": {"x": 1},
        },
    )  # fmt: skip
    side = open_dataset(sealed).test()
    told = {"F": "fusion", "V": "ventricular"}

    result = evaluate_model(folder, sealed, resamples=2, told=told)

    counts = dict(zip("NSVF", (side.targets == 1).sum(axis=0), strict=True))
    assert result["rows"] == len(side) - counts["S"]
    assert result["classes"]["ventricular"]["support"] == counts["V"]
    said = " ".join(result["warnings"])
    assert f"{counts['S']} rows of class S, which the model does not know, are left out." in said
    assert "The file has no class X." in said
    assert "prepared in another way" in said
    # What the card promised, by thresholds of other patients where it has them, minus what is here.
    assert result["internal"]["N"]["f1"] == 0.5
    lost = 0.75 - result["classes"]["N"]["auprc"]["value"]
    assert result["internal"]["N"]["auprc_drop"] == pytest.approx(lost)
    with pytest.raises(BadInput, match="has no class Z"):
        evaluate_model(folder, sealed, told={"Z": "N"})


def test_patients_who_trained_the_model_are_counted_whatever_file_they_are_in(changed, sealed):
    with h5py.File(sealed, "r+") as file:
        file.attrs["simulated"] = False
    test = open_dataset(sealed)
    names = np.unique(test.groups)
    taught = patients_taught(test, folds=2).split()[1:]
    folder = changed(patients=" ".join(["0123456789", *taught]))

    warnings = " ".join(evaluate_model(folder, sealed, resamples=2)["warnings"])

    assert f"{len(names) - 1} of these patients trained the model" in warnings


def test_a_whole_file_is_evaluated_unless_the_model_was_trained_on_it(model_dir, dataset_file, tmp_path):
    file = shutil.copy(dataset_file, tmp_path / "other.h5")
    with pytest.raises(BadInput, match="is what the model was trained on"):
        evaluate_model(model_dir, file, whole=True)
    with h5py.File(file, "r+") as changed_file:
        changed_file.attrs["digest"] = changed_file.attrs["training_digest"] = "e" * 64
    assert evaluate_model(model_dir, file, resamples=2, whole=True)["rows"] == len(open_dataset(file))
    assert openings(file) == 1


def test_an_ensemble_of_one_model_twice_answers_as_that_model(model_dir, sealed, tmp_path):
    folder = tmp_path / "ensemble"
    for name in ("a", "b"):
        shutil.copytree(model_dir, folder / "members" / name)
    card = read_card(model_dir)
    for how in ("mean", "vote"):
        members = {"how": how, "members": {"a": 1, "b": 2 if how == "mean" else 1}}
        (folder / "card.json").write_text(json.dumps({**card, "ensemble": members}))
        one, other = (evaluate_model(of, sealed, resamples=2) for of in (model_dir, folder))
        if how == "mean":
            assert other["macro"] == one["macro"]
        assert other["classes"]["N"]["support"] == one["classes"]["N"]["support"]
