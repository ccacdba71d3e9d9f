"""Files and folders are written whole or not at all, a folder over nothing else's."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whypath.errors import TraceError
from whypath.write import MARK, write_file, write_folder


class Trouble(Exception):
    """Something that goes wrong while a page is made."""


def breaking(*pieces: str) -> Iterator[str]:
    yield from pieces
    raise Trouble


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_pieces_become_the_file_and_its_size_is_told(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "run.html"
    assert write_file(path, iter(["<p>", "ä", "</p>"])) == 9
    assert path.read_text("utf-8") == "<p>ä</p>"
    assert names(path.parent) == ["run.html"]


def test_what_cannot_be_written_as_utf8_does_not_stop_the_page(tmp_path: Path) -> None:
    write_file(tmp_path / "x", ["a\ud800b"])
    assert (tmp_path / "x").read_text("utf-8") == "a?b"


def test_an_error_on_the_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.html"
    path.write_text("old")
    with pytest.raises(Trouble):
        write_file(path, breaking("new", "er"))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["run.html"]


def test_the_limit_is_a_size_that_may_be_reached_and_not_passed(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    assert write_file(path, ["ab", "cd"], limit=4) == 4
    with pytest.raises(TraceError, match=r"run\.html: .* larger than --max-size"):
        write_file(path, ["abc", "de"], limit=4)
    assert path.read_text() == "abcd"
    assert names(tmp_path) == ["run.html"]


def test_a_file_may_be_read_as_other_new_files_may(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "x", ["x"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_a_folder_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"is a folder\. Hint: name a file"):
        write_file(tmp_path, ["x"])


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TraceError, match="cannot be written"):
        write_file(tmp_path / "file" / "run.html", ["x"])


@pytest.mark.parametrize("name", ["x" * 300, "y" * 5_000])
def test_a_name_that_is_too_long_is_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(TraceError, match="cannot be written: File name too long"):
        write_file(tmp_path / name, ["x"])
    assert names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(TraceError, match="cannot be written: Permission denied"):
            write_file(tmp_path / "run.html", ["x"])
    finally:
        tmp_path.chmod(0o755)


def test_a_link_is_replaced_and_what_it_led_to_is_left_alone(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    write_file(link, ["new"])
    assert target.read_text() == "precious"
    assert link.read_text() == "new"
    assert not link.is_symlink()


def test_a_device_is_written_to_and_not_replaced() -> None:
    null = Path("/dev/null")
    assert write_file(null, ["abc"]) == 3
    assert null.is_char_device()


def test_standard_output_is_written_to_wherever_it_leads(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from whypath.write import write_file\n"
        "write_file(Path('/dev/stdout'), ['abc'])"
    )
    with (tmp_path / "x").open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert (tmp_path / "x").read_text() == "abc"
    assert Path("/dev/stdout").is_symlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_device_is_a_sentence() -> None:
    with pytest.raises(TraceError, match="cannot be written: No space left on device"):
        write_file(Path("/dev/full"), ["abc"])


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run.html").write_text("old")
    code = (
        "from pathlib import Path; from whypath.errors import TraceError\n"
        "from whypath.write import write_file\n"
        "try: write_file(Path('run.html'), ['x' * 999] * 999)\n"
        "except TraceError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.stdout == "run.html: cannot be written: File too large\n", done.stderr
    assert names(tmp_path) == ["run.html"]
    assert (tmp_path / "run.html").read_text() == "old"


FILES = [("index.html", ["<p>", "</p>"]), ("report.css", ["p {}"])]


def test_a_folder_is_written_with_a_mark_that_it_is_ours(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    size = write_folder(folder, FILES)
    assert names(folder) == [MARK, "index.html", "report.css"]
    assert size == sum(path.stat().st_size for path in folder.iterdir())
    assert names(folder.parent) == ["report"]


def test_a_folder_of_ours_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    write_folder(folder, [("old.html", ["x"])])
    write_folder(folder, FILES)
    assert names(folder) == [MARK, "index.html", "report.css"]
    assert names(tmp_path) == ["report"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    write_folder(tmp_path / "report", FILES)
    assert "index.html" in names(tmp_path / "report")


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_ours_is_never_replaced(tmp_path: Path, kind: str) -> None:
    path, mine = tmp_path / "mine", tmp_path / "elsewhere"
    mine.mkdir()
    (mine / "thesis.txt").write_text("precious")
    if kind == "folder":
        mine.rename(path)
    elif kind == "file":
        path.write_text("precious")
    else:
        path.symlink_to(mine)
    before = names(tmp_path)
    with pytest.raises(TraceError, match="was not made by Whypath"):
        write_folder(path, FILES)
    assert names(tmp_path) == before


@pytest.mark.parametrize("limit", [None, 60])
def test_an_error_on_the_way_leaves_the_old_folder(
    tmp_path: Path, limit: int | None
) -> None:
    folder = tmp_path / "report"
    write_folder(folder, FILES)
    (folder / "index.html").write_text("old")
    files = [("index.html", iter(["new" * 9])), ("x.html", breaking("x" * 99))]
    with pytest.raises(TraceError if limit else Trouble) as error:
        write_folder(folder, files, limit)
    if limit:
        assert str(error.value).startswith(f"{folder}: the report would be larger")
    assert (folder / "index.html").read_text() == "old"
    assert names(tmp_path) == ["report"]
