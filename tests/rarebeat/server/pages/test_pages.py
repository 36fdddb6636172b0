"""Every address that the client prints opens as a page that a browser and a screen reader can use."""

from __future__ import annotations


def test_home_opens(browse, grave_faults):
    page = browse("/")
    assert page.title().endswith("rarebeat")
    assert grave_faults(page) == []
