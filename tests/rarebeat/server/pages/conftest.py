"""A real browser, and the faults that it finds with a page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]
WIDTH, HEIGHT = 1280, 900
PATIENCE = 60_000  # ms


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser of this machine. Its event loop runs as long as it, and other modules have their own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any, backend: Any) -> Iterator[Callable[..., Any]]:
    """Opens tabs, as in `browse(path, scheme="dark")`; at the end no console may hold an error."""
    contexts, said = [], []

    def opened(path: str, scheme: str = "light", width: int = WIDTH, script: bool = True) -> Any:
        if "127.0.0.1" not in backend.url:
            pytest.skip("the pages of another server are not ours")
        context = chromium.new_context(
            base_url=backend.url,
            color_scheme=scheme,
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="session")
def grave_faults() -> Callable[[Any], list[str]]:
    """What axe calls serious or critical on a page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def found(page: Any) -> list[str]:
        violations = axe.run(page).response["violations"]
        return [
            f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})"
            for one in violations
            if one["impact"] in ("serious", "critical")
        ]

    return found
