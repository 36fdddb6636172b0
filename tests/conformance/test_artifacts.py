"""A user logs, uses, changes, links and deletes artifacts and their collections."""

import pytest

SCENE = "artifacts"


def test_versions_are_found_by_number_and_alias(scene):
    facts = scene("versions")
    assert facts["names"] == ["m:first", "m:latest"] and facts["history"] == ["v1", "v0"]


def test_an_alias_moves_to_the_version_that_is_logged_with_it(scene):
    assert scene("versions")["aliases"] == [["first"], ["best", "latest"]]


def test_metadata_description_type_and_state_are_kept(scene):
    facts = scene("versions")
    assert (facts["metadata"], facts["description"]) == ({"auc": 0.9}, "the first")
    assert facts["types"] == ["model", "COMMITTED", "artifacts", True]


def test_size_and_number_of_files_are_told(scene):
    assert scene("versions")["size"] == [7, 2]


def test_an_artifact_is_verified_and_a_changed_file_is_found(scene):
    assert "ValueError" in scene("versions")["wrong"]


def test_an_artifact_is_checked_out(scene):
    assert (scene("versions")["checked"], scene("versions")["text"]) == (["a", "c.txt"], "one")


def test_one_file_of_an_artifact_is_downloaded_and_all_are_listed(scene):
    assert (scene("versions")["one"], scene("versions")["files"]) == ("two", ["a/b.txt", "c.txt"])


def test_the_same_content_again_is_the_same_version_with_both_aliases(scene):
    facts = scene("same_content")
    assert (facts["version"], facts["aliases"]) == ("v0", ["a", "b", "latest"])
    assert facts["outputs"] == [["same:v0"], ["same:v0"]]


def test_a_run_uses_an_artifact_and_reads_it(scene):
    assert (scene("lineage")["text"], scene("lineage")["inputs"]) == ("1", ["data:v0"])


def test_an_artifact_knows_who_made_and_who_used_it(scene):
    assert (scene("lineage")["by"], scene("lineage")["used_by"]) == (True, True)


def test_an_artifact_of_another_type_or_name_is_refused_in_words(scene):
    assert "is of type 'dataset'" in scene("lineage")["mismatch"]
    assert "not found" in scene("lineage")["missing"]


def test_a_run_that_has_ended_is_given_artifacts_later(scene):
    assert scene("later_by_api") == {
        "used": ["after:v0"],
        "logged": ["after:v0"],
        "aliases": ["again", "latest"],
    }


def test_aliases_are_added_and_removed(scene):
    assert (scene("edits")["aliases"], scene("edits")["gone"]) == (["best", "latest", "new"], False)


def test_description_metadata_and_tags_are_edited(scene):
    facts = scene("edits")
    assert (facts["words"], facts["metadata"]) == ("words", {"k": [1, {"deep": None}]})
    assert (facts["tags"], facts["fewer"]) == (["t", "u"], ["u"])


def test_a_time_to_live_is_set_and_taken_back(scene):
    assert (scene("edits")["ttl"], scene("edits")["no ttl"]) == ("7 days, 0:00:00", "None")


def test_an_artifact_is_linked_to_a_portfolio_under_an_alias(scene):
    facts = scene("links")
    assert facts["names"] == ["shelf:prod", "l:v0", True, "v0", "v0"]
    assert (facts["type"], facts["text"], facts["links"]) == ("model", "1", ["shelf:v0"])


def test_a_run_links_what_it_used_and_what_it_logs(scene):
    assert (scene("links")["next"], scene("links")["own"]) == ("shelf:v1", "shelf:v2")


def test_a_link_is_taken_back_and_the_artifact_stays(scene):
    assert scene("links")["unlinked"] == [False, True]


def test_a_draft_and_an_incremental_artifact_add_to_the_version_before(scene):
    assert scene("drafts")["version"] == "v2"
    assert scene("drafts")["texts"] == {
        "add.txt": "22",
        "change.txt": "22",
        "keep.txt": "1",
        "more.txt": "333",
    }


def test_an_artifact_of_several_runs_is_refused_in_words(scene):
    assert "cannot put an artifact together from several runs" in scene("drafts")["parts"]


def test_references_keep_their_address_beside_files(scene):
    facts = scene("references")
    assert (facts["files"], facts["count"]) == (["copied.bin", "data.h5", "renamed.bin"], 3)
    assert (facts["ref"], facts["url"]) == (True, "https://example.invalid/data.h5")


def test_a_referenced_file_is_fetched_from_where_it_lies(scene):
    assert scene("references")["size"] == 100


def test_a_table_with_images_comes_back_from_an_artifact(scene):
    facts = scene("tables")
    assert (facts["columns"], facts["rows"], facts["image"]) == (["id", "image"], 1, 2)


def test_a_table_of_one_artifact_is_added_to_another(scene):
    assert scene("tables")["joined"] == 1


def test_a_model_is_logged_used_and_linked_by_name(scene):
    assert scene("models") == {"text": "weights", "type": "model", "linked": "net2:v0"}


def test_a_version_with_aliases_is_deleted_only_with_them(scene):
    assert "delete_aliases=True" in scene("deletion")["refused"]
    assert scene("deletion")["after"] == [False, False, True]


def test_a_deleted_version_leaves_its_number_to_nobody(scene):
    assert (scene("deletion")["again"], scene("deletion")["latest"]) == ("v2", "v2")


def test_a_collection_is_described_and_tagged(scene):
    facts = scene("collections")
    assert (facts["words"], facts["tags"], facts["aliases"]) == ("what it is", ["c1", "c2"], ["latest"])


def test_a_collection_is_renamed_and_given_another_type(scene):
    facts = scene("collections")
    assert facts["moved"] == ["renamed", "network", ["c2"]]
    assert (facts["text"], facts["old"], facts["exists"], facts["listed"]) == ("network", False, True, True)


def test_the_types_of_a_project_are_listed(scene):
    assert scene("collections")["types"] == ["dataset", "model"]


def test_a_collection_is_deleted_with_its_versions(scene):
    assert scene("collections")["deleted"] == [False, False]


@pytest.mark.parametrize(
    ("how", "versions"),
    [("tags", ["v1"]), ("order", ["v0", "v1", "v2"]), ("paged", ["v2", "v1", "v0"])],
)
def test_versions_are_listed_by_tag_order_and_page(scene, how, versions):
    assert scene("filters")[how] == versions


def test_collections_are_found_by_a_pattern(scene):
    assert (scene("filters")["collections"], scene("filters")["count"]) == (["filtered"], 3)


def test_many_files_and_a_large_one_arrive_and_are_verified(scene):
    facts = scene("many_files")
    assert (facts["count"], facts["files"], facts["large"]) == (61, 60, 10_000_000)


def test_a_part_of_an_artifact_is_downloaded_by_prefix(scene):
    assert scene("many_files")["prefix"] == ["3"]


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
