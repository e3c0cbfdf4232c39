import errno
import os
import shlex
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest

from ganbench.cli import main
from ganbench.cli.group import Verb
from ganbench.errors import BadInputError, PlanError
from tests.cli.command_line import complaint, ganbench

VERBS = list(main.verbs)
MORE_MEMORY = "use a smaller --batch-size, if there is one, or a machine with more memory."


def run(*arguments: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
    """Return a real run of the command line."""
    return subprocess.run(
        [sys.executable, "-m", "ganbench", *arguments], capture_output=True, text=True, check=False, **settings
    )


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``ganbench list`` fail."""

    def fail() -> None:
        raise error

    command = Verb("list", callback=fail)
    monkeypatch.setattr(main, "get_command", lambda _ctx, _name: command)


@pytest.mark.parametrize("line", ["--help", "", "list", "list models", *(f"{verb} --help" for verb in VERBS)])
def test_telling_what_there_is_imports_no_torch(line: str) -> None:
    code = f"""
import sys
from ganbench.cli import main
try:
    main({line.split()!r})
except SystemExit as end:
    assert end.code == 0, end.code
print(sorted({{"torch", "numpy", "pandas", "sklearn"}} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert done.stdout


def test_the_console_command_is_installed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"ganbench {version('ganbench')}\n")


def test_help_lists_every_verb_with_a_line() -> None:
    done = ganbench("--help")
    assert done.exit_code == 0
    assert ganbench().stdout == ganbench("--debug").stdout == done.stdout
    for verb in VERBS:
        assert f"\n  {verb} " in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_a_verbs_help_has_examples_that_parse(verb: str) -> None:
    done = ganbench(verb, "--help")
    assert done.exit_code == 0
    command = main.get_command(click.Context(main), verb)
    assert isinstance(command, Verb)
    assert command.examples
    for example in command.examples:
        assert f"  {example}\n" in done.stdout
        program, name, *arguments = shlex.split(example)
        assert (program, name) == ("ganbench", verb)
        command.make_context(verb, arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tabel"], "did you mean table?"),
        (["quux"], "unknown verb 'quux'"),
        (["--verison"], "--version"),
        (["table", "--fromat", "csv"], "--format"),
        (["table", "--format", "latx"], "did you mean latex?"),
        (["list", "modles"], "did you mean models?"),
        (["generate", "--model", "waves"], "--out"),
        (["check", "--baseline"], "argument (see `ganbench check --help`)"),
        (["stats", "export", "--out"], "argument (see `ganbench stats export --help`)"),
    ],
)
def test_what_is_typed_wrong_is_told_in_one_sentence_with_where_to_look(arguments: list[str], told: str) -> None:
    sentence = complaint(*arguments)
    assert told in sentence
    assert "--help`" in sentence


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BadInputError("no such thing: give another."), "no such thing: give another."),
        (OSError(errno.ENOSPC, "No space left on device", "out/a.png"), "out/a.png: No space left on device."),
        (
            OSError(errno.EXDEV, "Invalid cross-device link", b"a", None, b"b\xff"),
            "a: b\\xff: Invalid cross-device link.",
        ),
        (OSError("image file is truncated."), "image file is truncated."),
        (OSError(), "OSError."),
        (MemoryError(), f"out of memory: {MORE_MEMORY}"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), f"out of memory: {MORE_MEMORY}"),
    ],
)
def test_what_the_user_can_put_right_is_told_in_one_sentence(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(error, monkeypatch)
    assert complaint("list") == f"ganbench: {sentence}"


@pytest.mark.parametrize("name", ["two\nlines", "a\x1b[31mred\x1b[0m", "sep\u2028arated", "\udc80"])
def test_a_name_with_odd_characters_is_told_in_one_line_of_plain_text(name: str) -> None:
    for line in (
        ("list", name),
        ("run", "--model", "waves", "--data", name),
        ("check", name, "--max-regression", "fid=1"),
    ):
        assert "\x1b" not in complaint(*line)


def test_an_endless_word_is_cut_short() -> None:
    for line in (
        ("table", "9" * 5000),
        ("check", "--baseline", "9" * 5000, "--max-regression", "fid=1"),
        ("9" * 5000,),
    ):
        assert len(complaint(*line)) < 500


def test_all_problems_of_a_plan_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(PlanError(["first.", "second."]), monkeypatch)
    done = ganbench("list")
    assert (done.exit_code, done.stderr) == (2, "ganbench: first.\nganbench: second.\n")


def test_a_bug_says_that_it_is_one_and_shows_where_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(KeyError("secret\nname"), monkeypatch)
    assert "this is a bug (KeyError: 'secret" in complaint("list")
    for line in (("list", "--debug"), ("--debug", "list")):
        done = ganbench(*line)
        assert done.exit_code == 2
        assert "Traceback" in done.stderr


def test_debug_shows_the_traceback_of_a_users_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(BadInputError("no."), monkeypatch)
    done = ganbench("list", "--debug")
    assert done.exit_code == 2
    assert "Traceback" in done.stderr
    assert done.stderr.endswith("\nganbench: no.\n")


@pytest.mark.parametrize(
    ("error", "line"), [(KeyboardInterrupt(), "interrupted."), (KeyboardInterrupt("go on so."), "go on so.")]
)
def test_an_interrupt_is_one_line(error: BaseException, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(error, monkeypatch)
    done = ganbench("list")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", f"ganbench: {line}\n")


def test_the_real_signal_is_one_line() -> None:
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # jobs in the background start without one
        "from ganbench.cli import main\n"
        "from ganbench.cli.group import Verb\n"
        "def wait():\n"
        "    print('waiting', flush=True)\n"
        "    time.sleep(60)\n"
        "main.get_command = lambda ctx, name: Verb('list', callback=wait)\n"
        "main(['list'])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.send_signal(signal.SIGINT)
        _, complaint = child.communicate(timeout=30)
    assert (child.returncode, complaint) == (130, "ganbench: interrupted.\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "import click\n"
        "from ganbench.cli import main\n"
        "from ganbench.cli.group import Verb\n"
        "def much():\n"
        "    for _ in range(100_000):\n"
        "        click.echo('line')\n"
        "main.get_command = lambda ctx, name: Verb('list', callback=much)\n"
        "main(['list'])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr is not None
        assert child.stderr.read() == ""
    assert child.returncode == 141


def test_a_reader_of_the_messages_that_goes_away_is_no_regression() -> None:
    code = (
        "from ganbench.cli import main\n"
        "from ganbench.cli.console import Terminal\n"
        "from ganbench.cli.group import Verb\n"
        "def much():\n"
        "    for _ in range(10_000):\n"
        "        Terminal(stderr=True).print('line')\n"
        "main.get_command = lambda ctx, name: Verb('list', callback=much)\n"
        "main(['list'])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with child:
        assert child.stderr is not None
        child.stderr.readline()
        child.stderr.close()
    assert child.returncode == 141


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full"])
def test_streams_that_cannot_be_written_to_change_no_exit_code(redirection: str, locale: str) -> None:
    line = f"LC_ALL={locale} {shlex.quote(sys.executable)} -m ganbench"
    for verb, code in (("list", 0), ("tabel", 2)):
        done = subprocess.run(f"{line} {verb} {redirection}", shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr
        assert "bug" not in done.stderr


@pytest.mark.parametrize("line", [("--weights", ""), ("--data=",), ("--model", "waves", "--benchmark", "")])
def test_an_empty_value_is_no_choice_of_a_default(line: tuple[str, ...]) -> None:
    assert f"expected a value after {line[-1].rstrip('=') or line[-2]}, found none" in complaint(
        "run", "--model", "waves", *line
    )


def test_a_terminal_without_arrows_gets_words(tmp_path: Path) -> None:
    from ganbench.records.store import Store
    from tests.records.make import record, result

    Store(tmp_path).write(record())
    Store(tmp_path).write(record(result(count=500), name="b", at=1))
    for form in ("text", "markdown"):
        line = ("table", "--results-dir", str(tmp_path), "--format", form)
        done = run(*line, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
        assert done.returncode == 0, done.stderr
        assert "FID (lower) " in done.stdout
        assert done.stdout.isascii()
        assert "?" not in done.stdout
    done = run("list", "ψ", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 2
    assert "found '?'" in done.stderr
