"""Pages ask for what is new only while somebody can see them."""

from __future__ import annotations


def _set_hidden(page, hidden):
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_hidden_tab_asks_for_nothing_and_a_shown_one_at_once(browse):
    page = browse("/")
    page.wait_for_selector("#live.on")
    asked = []
    page.on("request", lambda request: asked.append(request.headers.get("x-live")))
    _set_hidden(page, True)
    page.wait_for_timeout(3500)  # it asks every 2.5 s
    assert asked == []
    with page.expect_request(lambda request: request.headers.get("x-live") == "1"):
        _set_hidden(page, False)
