"""Where a server is started."""

from __future__ import annotations

from rarebeat.server import daemon


def test_a_module_of_the_folder_that_it_is_started_in_is_not_taken_for_pythons_own(tmp_path, monkeypatch):
    (tmp_path / "signal.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    server = daemon.start(tmp_path / "server")
    try:
        assert daemon.running(tmp_path / "server").url == server.url
    finally:
        daemon.stop(tmp_path / "server")
