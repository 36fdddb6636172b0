"""A user resumes, starts over, forks and rewinds runs."""

SCENE = "lifecycle"


def test_a_resumed_run_goes_on_at_the_next_step(scene):
    facts = scene("resumed")
    assert (facts["step"], facts["resumed"], facts["a"]) == (2, True, [1, 2, 3, 4])


def test_a_resumed_run_merges_its_config_and_keeps_summary_and_tags(scene):
    facts = scene("resumed")
    assert facts["config"] == {"first": 1, "both": 2, "second": 2}
    assert (facts["summary"], facts["tags"], facts["state"]) == ([4, 7], ["old"], "finished")


def test_the_console_of_a_resumed_run_goes_on(scene):
    assert scene("resumed")["console"] == ["said first", "said then"]


def test_resume_must_refuses_a_run_that_is_not_there_and_makes_none(scene):
    assert "does not exist" in scene("resume_modes")["missing"]
    assert scene("resume_modes")["there"] is False


def test_resume_never_refuses_a_run_that_is_there(scene):
    assert "already exists" in scene("resume_modes")["never"]


def test_resume_allow_makes_a_run_and_goes_on_with_it(scene):
    assert scene("resume_modes")["allowed"] == [1, 2]


def test_a_run_that_is_started_over_is_written_anew(scene):
    assert scene("started_over") == {"a": [9], "config": {"new": 1}, "summary": 9}


def test_a_fork_has_its_parents_history_up_to_the_step_and_then_its_own(scene):
    facts = scene("forked")
    assert facts["a"] == [0, 1, 2, 10, 11, 12]
    assert facts["steps"] == list(range(6)) and facts["last"] == 5


def test_a_fork_leaves_its_parent_as_it_was(scene):
    assert scene("forked")["parent"] == list(range(5))


def test_a_fork_has_its_own_config_and_summary(scene):
    assert (scene("forked")["config"], scene("forked")["summary"]) == (2, 12)


def test_a_fork_of_a_run_that_is_not_there_is_refused_in_words(scene):
    assert "there is no run 'nobody'" in scene("forked")["refused"]


def test_a_rewound_run_forgets_what_came_after_the_step_and_goes_on(scene):
    facts = scene("rewound")
    assert (facts["id"], facts["a"], facts["steps"]) == ("rewound", [0, 1, 2, 30, 40], list(range(5)))


def test_a_rewound_run_has_the_metrics_and_the_summary_of_what_is_left(scene):
    facts = scene("rewound")
    assert "later" not in facts["keys"] and "later" not in facts["summary"]
    assert (facts["summary"]["a"], facts["config"], facts["state"]) == (40, {"lr": 1}, "finished")


def test_rewinding_a_run_that_is_not_there_is_refused_in_words(scene):
    assert "there is no run" in scene("rewound")["refused"]


def test_a_second_init_returns_the_run_or_finishes_it(scene):
    assert scene("reinit") == {"same": True, "first": "finished", "second": "finished"}


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
