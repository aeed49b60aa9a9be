"""The manual pages and the completion say what the programs' tables say."""

import re
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT
from test_ctl import ctl

PAGES = ["jejaringctl.1", "jejaringd.8", "jejaring.yaml.5", "jejaring-plugin.7"]


def check(build):
    return subprocess.run([ROOT / "tests" / "manual.sh", build], cwd=ROOT, capture_output=True,
                          text=True)


@pytest.fixture
def copy(tmp_path):
    """A build folder whose pages may be spoiled."""
    for name in ("jejaringd", "jejaringctl"):
        (tmp_path / name).symlink_to(BUILD / name)
    shutil.copytree(BUILD / "man", tmp_path / "man")
    return tmp_path


def test_the_pages_lack_nothing(copy):
    assert sorted(p.name for p in (BUILD / "man").glob("*.[1-8]")) == sorted(PAGES)
    done = check(copy)
    assert done.returncode == 0, done.stderr


SPOILED = {
    "jejaringctl.1": ["--without-keys", "quarantine retry", "78"],
    "jejaringd.8": ["--describe", "78"],
    "jejaring.yaml.5": ["steady_after", "public_key"],
    "jejaring-plugin.7": ["state_scan", "on_descriptor"],
}


def test_what_a_page_lacks_is_found(copy):
    for page, words in SPOILED.items():
        file = copy / "man" / page
        text = file.read_text()
        for word in words:
            assert word in text, f"{word} is not in {page}"
            text = text.replace(word, "xxx")
        file.write_text(text)
    done = check(copy)
    assert done.returncode == 1
    found = re.findall(r"^manual: (\S+) does not tell of (?:the key )?(.*)$", done.stderr, re.M)
    assert sorted(found) == sorted((p, w) for p, words in SPOILED.items() for w in words)


def complete(*words):
    """What bash offers for the last of the words."""
    script = f"""source {BUILD}/man/jejaringctl.bash
        COMP_WORDS=({' '.join(repr(w) for w in ('jejaringctl', *words))}) COMP_CWORD={len(words)}
        _jejaringctl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-uc", script.replace("source", "set +u; source", 1)],
                          capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("words, offered", [
    (["stat"], ["status"]),
    (["qua"], ["quarantine"]),
    (["quarantine", ""], ["list", "show", "retry", "drop"]),
    (["-c", "x.yaml", "warehouse", "re"], ["rebuild"]),
    (["help", "keys", "n"], ["new"]),
    (["doctor", "--back"], ["--backup-age"]),
    (["backup", "--wi"], ["--without-keys"]),
    (["status", "--en"], ["--endpoint"]),
    (["check", "Makef"], ["Makefile"]),
    (["--config", "Makef"], ["Makefile"]),
    (["fetch", "--type", ""], []),
])
def test_completion(words, offered):
    assert complete(*words) == offered


def test_completion_is_for_bash():
    assert ctl("completion", "bash").stdout == (BUILD / "man" / "jejaringctl.bash").read_text()
    assert ctl("completion", "fish").returncode == 2


def test_every_command_is_on_its_page_in_the_words_of_the_help():
    page = re.sub(r"\\f.|\\&", "", (BUILD / "man" / "jejaringctl.1").read_text())
    page = page.replace("\\-", "-").replace("\\.", ".").replace("\\'", "'")
    for summary in re.findall(r"^  [a-z].*?  +(\S.*)$", ctl("help").stdout, re.M):
        if not summary.startswith("jejaringctl"):
            assert summary in page, summary
