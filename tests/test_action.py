"""The action for GitHub and the recipes for GitLab and Jenkins, run as their hosts do.

Each step's own shell runs, with the files that a runner hands it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_schema
from click.testing import CliRunner

from samples import EXAMPLES, ROOT

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="NOT TESTED: there is no bash")

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: dict[str, dict[str, Any]] = {
    step.get("id") or step.get("name") or step["uses"]: step
    for step in ACTION["runs"]["steps"]
}
HOSTILE = 'it\'s "$(touch owned)" `touch owned`; touch owned #'


class Runner:
    """Stands for a machine of GitHub's: runs steps, keeps what they say."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        given = ACTION["inputs"].items()
        self.inputs = {n: i.get("default", "") for n, i in given} | inputs
        self.folder, self.outputs = folder, dict[str, dict[str, str]]()
        self.files = folder / "runner"
        (self.files / "bin").mkdir(parents=True)
        for name, rest in (("python", ""), ("whypath", " -m whypath")):
            program = self.files / "bin" / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{rest} "$@"\n')
            program.chmod(0o755)
        self.outputs["install"] = {"bin": str(self.files / "bin")}
        self.summary = self.files / "summary.md"
        self.summary.touch()

    def value(self, text: str) -> str:
        """What the host puts in the place of an expression."""

        def known(match: re.Match[str]) -> str:
            for one in match[1].split("||"):
                parts = one.strip().split(".")
                if parts[0] == "inputs":
                    found = self.inputs[parts[1]]
                elif parts[0] == "github":
                    found = str(ROOT)
                else:
                    found = self.outputs.get(parts[1], {}).get(parts[3], "")
                if found:
                    return found
            return ""

        return re.sub(r"\$\{\{ *(.*?) *\}\}", known, text)

    def run(self, name: str, path: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a step with the shell and the options that the host uses."""
        step, output = STEPS[name], self.files / f"output-{len(self.outputs)}"
        output.touch()
        env = {key: self.value(text) for key, text in step.get("env", {}).items()}
        env |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        env |= {"RUNNER_TEMP": str(self.files), "GITHUB_ACTIONS": "true"}
        env |= {"PYTHONPATH": str(ROOT / "src")}
        if path:
            env["PATH"] = f"{path}{os.pathsep}{os.environ['PATH']}"
        script = self.files / "step.sh"
        script.write_text(step["run"], "utf-8")
        done = subprocess.run(
            [str(BASH), "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        said = output.read_text("utf-8").splitlines()
        self.outputs[name] = dict(line.split("=", 1) for line in said)
        return done


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A checkout with good and bad traces, the bad in a folder with a bad name."""
    (tmp_path / "good").mkdir()
    (tmp_path / HOSTILE).mkdir()
    escalation = EXAMPLES / "escalation"
    shutil.copy(escalation / "vip-before-rename.jsonl", tmp_path / "good")
    shutil.copy(escalation / "vip-after-rename.jsonl", tmp_path / HOSTILE)
    return tmp_path


def test_the_action_is_what_its_schema_says() -> None:
    options = ["--builtin-schema", "vendor.github-actions", str(ROOT / "action.yml")]
    done = CliRunner().invoke(check_schema, options)
    assert done.exit_code == 0, done.output


def test_no_shell_of_the_action_is_written_by_its_inputs() -> None:
    for name, step in STEPS.items():
        assert "${{" not in step.get("run", ""), f"{name}: hand it over in env"
        if "run" in step:
            assert step["shell"] == "bash"
        else:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])


def test_a_report_is_uploaded_as_one_file_that_opens_in_the_browser() -> None:
    step = STEPS["upload-report"]
    assert step["with"]["archive"] is False
    assert step["with"]["path"] == "${{ steps.report.outputs.report }}"


@pytest.mark.parametrize(
    ("paths", "code", "findings"),
    [("good", "0", "0"), (HOSTILE, "1", "2"), ("nowhere", "2", "")],
    ids=["good", "bad", "nothing"],
)
def test_the_job_ends_as_check_did_and_the_report_is_there(
    traces: Path, paths: str, code: str, findings: str
) -> None:
    runner = Runner(traces, paths=f"{paths}\r\n\n")
    checked = runner.run("check")
    assert checked.returncode == 0, checked.stderr
    out = runner.outputs["check"]
    assert (out["exit-code"], out["findings"]) == (code, findings)
    assert runner.run("report").returncode == 0
    made = runner.outputs["report"].get("report", "")
    assert bool(made) is (code != "2")
    assert runner.run("gate").returncode == int(code)
    assert not [*traces.rglob("owned")]
    if code != "2":
        assert Path(made).name == "whypath.html"
        assert Path(out["sarif"]).is_file()
        assert Path(out["junit"]).is_file()
        assert "Whypath" in runner.summary.read_text("utf-8")
    if code == "1":
        assert "::error " in checked.stdout


def test_every_input_is_data_and_a_site_holds_the_baseline(traces: Path) -> None:
    rules = traces / f"rules {HOSTILE}.toml"
    rules.write_text('[[rule]]\nid = "short"\nrequire = "step < 3"\n')
    runner = Runner(
        traces,
        paths=HOSTILE,
        baseline="good",
        rules=rules.name,
        output="site",
        title=HOSTILE,
        directory=f"out {HOSTILE}",
    )
    assert runner.run("check").returncode == 0
    assert runner.outputs["check"]["exit-code"] == "1"
    done = runner.run("report")
    index = Path(runner.outputs["report"]["report"])
    assert index.name == "index.html", done.stderr
    assert "triage-T-8841-1103" in index.read_text("utf-8")
    assert not [*traces.rglob("owned")]


def test_an_output_that_is_none_of_the_three_is_refused(traces: Path) -> None:
    done = Runner(traces, paths="good", output="pdf").run("report")
    assert (done.returncode, "::error::" in done.stdout) == (2, True)


def test_a_folder_of_two_lines_is_refused_and_sets_no_output(traces: Path) -> None:
    runner = Runner(traces, paths="good", directory="a\nexit-code=0")
    assert runner.run("check").returncode == 2
    assert runner.outputs["check"] == {}


@pytest.mark.parametrize(
    ("version", "what"), [("", str(ROOT)), ("0.1", "whypath==0.1")], ids=["own", "PyPI"]
)
def test_what_is_installed_is_this_action_or_the_version_that_is_named(
    tmp_path: Path, version: str, what: str
) -> None:
    runner = Runner(tmp_path, version=version)
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "python").write_text(
        '#!/bin/sh\nif [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/"; '
        f'else echo "$@" >> "{tmp_path}/log"; fi\n'
    )
    (stub / "python").chmod(0o755)
    done = runner.run("install", str(stub))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().rstrip().endswith(f"-- {what}")
    assert runner.outputs["install"]["bin"].endswith("whypath-venv/bin")


def recipe(language: str, has: str) -> str:
    """The block of the README's chapter on CI in that language."""
    chapter = (ROOT / "README.md").read_text("utf-8").partition("## In CI\n")[2]
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```", chapter, re.DOTALL | re.MULTILINE
    )
    [found] = [block for block in blocks if has in block]
    return found


def test_the_recipe_for_github_gives_the_action_what_it_takes() -> None:
    job = yaml.safe_load(recipe("yaml", "runs-on"))["jobs"]["agents"]
    [step] = [one for one in job["steps"] if one.get("id") == "why"]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    asked = re.findall(r"steps\.why\.outputs\.([\w-]+)", recipe("yaml", "runs-on"))
    assert asked
    assert set(asked) <= ACTION["outputs"].keys()


def test_the_recipe_for_gitlab_is_what_its_schema_says(tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(recipe("yaml", "expose_as"), "utf-8")
    options = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = CliRunner().invoke(check_schema, [*options, str(file)])
    assert done.exit_code == 0, done.output


def gitlab(job: str) -> str:
    script = yaml.safe_load(recipe("yaml", "expose_as"))[job]["script"]
    return "\n".join(line for line in script if not line.startswith("pip install"))


def jenkins() -> str:
    return recipe("groovy", "publishHTML").split("'''")[1]


@pytest.mark.parametrize("which", ["good", HOSTILE], ids=["good", "bad"])
@pytest.mark.parametrize(
    ("script", "shell", "made"),
    [
        (gitlab("why"), [BASH, "-eo", "pipefail"], "junit.xml report.html summary.md"),
        (jenkins(), ["sh", "-xe"], "junit.xml why/index.html site/index.html"),
    ],
    ids=["gitlab", "jenkins"],
)
def test_a_recipe_fails_as_check_does_and_leaves_what_it_publishes(
    traces: Path, script: str, shell: list[str], made: str, which: str
) -> None:
    (traces / which).rename(traces / "traces")
    runner = Runner(traces)
    path = f"{runner.files / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([*shell, "-c", script], cwd=traces, env=env, check=False)
    assert done.returncode == (0 if which == "good" else 1)
    assert all((traces / name).is_file() for name in made.split())


def test_the_recipe_for_pages_publishes_a_site(traces: Path) -> None:
    (traces / "good").rename(traces / "traces")
    path = f"{Runner(traces).files / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    script = [str(BASH), "-eo", "pipefail", "-c", gitlab("pages")]
    subprocess.run(script, cwd=traces, env={**env, "CI_PROJECT_NAME": "x"}, check=True)
    assert (traces / "public" / "index.html").is_file()
