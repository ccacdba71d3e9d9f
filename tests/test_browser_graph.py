"""The decision graph in the page: zoom, pan, keys, search, what a node rests on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from conftest import PageWatch, ReportOf
from replay import Replay
from samples import EXAMPLES
from test_browser_axe import CHECK, COLOURS, RULES
from test_graph import Script, line, long_run
from whypath.build import tell
from whypath.derive.graphs.graph import build_graph, look_inside
from whypath.model import Run
from whypath.render.dot import lay_out, lay_out_all
from whypath.render.pages import Drawing, Page, report_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

VIP = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
FLAKY = EXAMPLES / "coding" / "flaky-test.jsonl"
PHONE = {"width": 390, "height": 844}
FIRST = "#graph svg.column >> nth=0"
LINE_ENDS_AT_NODE = """() => {
  const line = document.querySelector("#graph .rests-on path");
  const box = document.querySelector("#graph .is-current .box");
  if (!line?.checkVisibility() || !box) return false;
  const off = line.getBoundingClientRect().right - box.getBoundingClientRect().x;
  return Math.abs(off) <= 8;
}"""

Causes = Mapping[int, Sequence[int]]


def page_of(run: Run, folder: Path, causes: Causes) -> Path:
    """The report of a run whose steps rest on others, as `causes` has it."""
    story = tell(run)
    words: tuple[Any, Any] = (story.decisions, line)
    graph = build_graph(run, *words, causes=causes)
    layout, why = lay_out(graph)
    insides = lay_out_all(look_inside(graph, run, *words, causes=causes))
    drawing = Drawing(graph, layout, why or None, insides)
    out = folder / "report.html"
    out.write_text("".join(report_file(Page(story, drawing, None, {}, None))))
    return out


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of about 300 steps; step 200 uses values of 20 and 150, and 250 of 200."""
    causes = {200: (20, 150), 250: (200,)}
    return page_of(long_run(300), tmp_path_factory.mktemp("long"), causes)


@pytest.fixture
def replay(page: "Tab", page_watch: PageWatch, long: Path) -> Replay:
    return Replay(page, long)


def width(replay: Replay) -> float:
    box = replay.find(FIRST).bounding_box()
    assert box is not None
    return box["width"]


def scrolled(replay: Replay) -> tuple[float, float]:
    script = "() => { const g = document.querySelector('#graph .graph');"
    found = replay.run(f"{script} return [g.scrollLeft, g.scrollTop]; }}")
    return found[0], found[1]


def test_keys_and_buttons_zoom(replay: Replay, page_watch: PageWatch) -> None:
    replay.open("#step=1&pane=graph")
    natural = width(replay)
    replay.press("+")
    assert width(replay) == pytest.approx(natural * 1.25, rel=0.02)
    replay.press("-", "-")
    assert width(replay) == pytest.approx(natural / 1.25, rel=0.02)
    replay.press("0")
    assert width(replay) == pytest.approx(natural, rel=0.02)
    replay.find('[data-zoom="in"]').click()
    assert width(replay) > natural
    page_watch.assert_quiet()


@pytest.mark.parametrize("address", ["#view=overview", "#step=9&pane=graph"])
def test_fit_shows_all_of_the_graph(replay: Replay, address: str) -> None:
    replay.open(address).press("z")
    fits = "g => [g.scrollHeight - g.clientHeight, g.scrollWidth - g.clientWidth]"
    beyond = replay.find("#graph .graph").evaluate(fits)
    assert max(beyond) <= 1
    assert width(replay) < 280


def test_the_wheel_zooms_only_with_control(replay: Replay) -> None:
    replay.open("#step=1&pane=graph")
    natural = width(replay)
    replay.find("#graph .graph").hover()
    replay.page.mouse.wheel(0, 300)
    replay.page.wait_for_function(
        "() => document.querySelector('#graph .graph').scrollTop > 0"
    )
    assert width(replay) == natural
    replay.page.keyboard.down("Control")
    replay.page.mouse.wheel(0, -100)
    replay.page.keyboard.up("Control")
    expect(replay.find("#graph .graph")).to_have_class("graph zoomed")
    assert width(replay) > natural


def test_zooming_keeps_the_current_node_where_it_is(replay: Replay) -> None:
    replay.open("#step=200&pane=graph")
    current = replay.find("#graph .is-current .box")
    before = current.bounding_box()
    replay.press("+", "+", "+")
    after = current.bounding_box()
    assert before is not None
    assert after is not None
    middle = [box["y"] + box["height"] / 2 for box in (before, after)]
    assert middle[0] == pytest.approx(middle[1], abs=3)


def test_dragging_pans_and_is_no_click(replay: Replay) -> None:
    replay.open("#step=1&pane=graph")
    box = replay.find("#graph a.node >> nth=3").bounding_box()
    assert box is not None
    mouse, x, y = replay.page.mouse, box["x"] + 40, box["y"] + 12
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y - 60, steps=4)
    mouse.up()
    assert scrolled(replay)[1] == pytest.approx(60, abs=2)
    replay.expect_step(1)


def test_arrow_keys_pan_the_picture_and_walk_its_nodes(replay: Replay) -> None:
    replay.open("#step=1&pane=graph")
    replay.find("#graph .graph").focus()
    replay.press("ArrowDown", "ArrowDown")
    assert scrolled(replay)[1] == 120
    replay.press("Tab")
    expect(replay.find("#graph a.node >> nth=0")).to_be_focused()
    replay.press("ArrowDown", "ArrowRight", "ArrowUp")
    second = replay.find("#graph a.node >> nth=1")
    expect(second).to_be_focused()
    replay.expect_step(1)
    replay.press("Enter")
    replay.expect_step(int(second.get_attribute("data-step") or 0))
    expect(second).to_have_attribute("aria-current", "step")
    replay.press("Tab")
    assert not replay.run("() => document.activeElement.matches('#graph a')")


def test_a_link_to_the_graph_shows_the_step_in_it(replay: Replay) -> None:
    replay.open("#step=250&pane=graph")
    current = replay.find("#graph .is-current")
    expect(current).to_be_in_viewport()
    assert int(current.get_attribute("data-last") or 0) >= 250


def test_a_search_marks_the_nodes_that_hold_it(replay: Replay) -> None:
    replay.open("#step=1&pane=graph")
    expect(replay.find("#graph .is-found")).to_have_count(0)
    replay.find("#search").fill("file77.py")
    expect(replay.find("#graph .is-found")).to_have_count(1)
    replay.find("#search").press("Escape")
    expect(replay.find("#graph .is-found")).to_have_count(0)


def test_the_current_node_shows_what_it_rests_on(replay: Replay) -> None:
    replay.open("#step=1&pane=graph")
    expect(replay.find("#graph .rests-on")).to_have_count(0)
    replay.go_to(200)
    expect(replay.find(".graph-where")).to_have_text("rests on 2, used by 1")
    expect(replay.find("#graph .rests-on path")).to_have_count(3)
    replay.go_to(250)
    expect(replay.find(".graph-where")).to_have_text("rests on 1")
    for key in ("Home", "o", "o"):
        replay.press(key)
        if key == "Home":
            replay.go_to(250)
        # drawn anew once the picture has its size: waited for, frame by frame
        replay.page.wait_for_function(LINE_ENDS_AT_NODE)


def test_a_folded_node_opens_and_closes(replay: Replay, page_watch: PageWatch) -> None:
    replay.open("#step=1&pane=graph")
    folded = replay.find("#graph a[data-opens] >> nth=0")
    step = int(folded.get_attribute("data-step") or 0)
    folded.click()
    replay.expect_step(step)
    replay.find("#graph a.is-current").click()
    inside = replay.find("#graph .graph.inside")
    expect(inside).to_be_visible()
    expect(replay.find('[data-turn="1"]')).to_have_attribute("aria-pressed", "true")
    expect(inside.locator(".is-current")).to_have_count(1)
    replay.press("j")
    replay.expect_step(step + 1)
    expect(inside).to_be_visible()
    replay.press("x")
    expect(inside).to_have_count(0)
    expect(replay.find("#graph .is-current")).to_have_count(1)
    replay.press("x")
    expect(inside).to_be_visible()
    replay.press("Home")
    expect(inside).to_have_count(0)
    page_watch.assert_quiet()


def test_a_node_that_holds_little_does_not_open(page: "Tab", tmp_path: Path) -> None:
    run = Script().user().call("Read").answer().run()
    replay = Replay(page, page_of(run, tmp_path, {})).open("#step=2&pane=graph")
    expect(replay.find('[data-turn="1"]')).to_be_disabled()
    expect(replay.find("#graph [data-opens]")).to_have_count(0)


def test_a_graph_that_is_a_table_follows_the_step(page: "Tab", tmp_path: Path) -> None:
    story = tell(long_run(300))
    graph = build_graph(story.run, story.decisions, line)
    drawing = Drawing(graph, None, "No picture: it took too long.")
    out = tmp_path / "report.html"
    out.write_text("".join(report_file(Page(story, drawing, None, {}, None))))
    replay = Replay(page, out).open("#step=200&pane=graph")
    expect(replay.find("#pane .note")).to_have_text("No picture: it took too long.")
    expect(replay.find("#graph tr.is-current")).to_have_count(1)
    expect(replay.find("#graph tr.is-current")).to_be_in_viewport()
    replay.press("+", "x", "z")
    replay.find("#search").fill("file77.py")
    expect(replay.find("#graph tr.is-found")).to_have_count(1)


def test_what_is_printed_is_the_whole_graph(replay: Replay) -> None:
    replay.open("#step=1&pane=graph")
    replay.find("#graph a[data-opens] >> nth=0").click()
    replay.press("x", "+", "+")
    expect(replay.find("#graph .inside")).to_be_visible()
    replay.run("dispatchEvent(new Event('beforeprint'))")
    replay.page.emulate_media(media="print")
    expect(replay.find("#overview #graph .inside")).to_have_count(0)
    expect(replay.find(".graph-tools")).not_to_be_visible()
    every = replay.find("#overview #graph svg.column")
    assert every.count() > 3
    hidden = "g => g.scrollHeight - g.clientHeight"
    assert replay.find("#graph .graph").evaluate(hidden) <= 1


def test_without_scripts_the_graph_is_whole_and_has_no_buttons(
    browser: "Browser", long: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(long.as_uri())
    expect(page.locator(".graph-tools")).not_to_be_visible()
    columns = page.locator("#graph svg.column")
    for number in range(columns.count()):
        expect(columns.nth(number)).to_be_visible()
    context.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_the_graph_breaks_no_rule(
    browser: "Browser", long: Path, size: tuple[int, int]
) -> None:
    viewport: Any = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, bypass_csp=True)
    replay = Replay(context.new_page(), long)
    broken: list[str] = []
    press: dict[str, Callable[[], None]] = {
        "#step=200&pane=graph&q=file7": lambda: None,
        "#step=201&pane=graph": lambda: replay.press("x"),
        "#view=overview": lambda: replay.press("z"),
    }
    for address, act in press.items():
        replay.open(address)
        if size[0] < 900 and "pane" in address:
            replay.click("sheet-side")
        act()
        replay.run(RULES)
        for theme, options in (("dark", COLOURS), ("light", {})):
            replay.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = replay.run(CHECK, options)
            broken.extend(f"{address} {theme} {each}" for each in found)
    context.close()
    assert broken == []


@pytest.mark.parametrize("trace", [VIP, FLAKY], ids=lambda path: path.stem)
def test_an_example_fits_a_phone(page: "Tab", report_of: ReportOf, trace: Path) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    replay = Replay(page, report_of(trace)).open("#step=3&pane=graph")
    replay.click("sheet-side")
    expect(replay.find("#pane .is-current")).to_be_in_viewport()
    wide = "() => document.scrollingElement.scrollWidth"
    assert replay.run(wide) <= PHONE["width"]
