"""A plugin from nothing, outside of the tree, against what was installed: what `jejaringctl plugin
new` writes, and what plugins/README.md shows, word by word."""

import os
import re
import subprocess

import pytest

from conftest import BUILD, PATIENCE, ROOT, SANITIZED
from test_ctl import ctl


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The environment of a developer who has nothing but an installed Jejaring."""
    prefix = tmp_path_factory.mktemp("installed") / "usr"
    done = subprocess.run(["make", "-s", f"B={BUILD}", f"PREFIX={prefix}", "install-only"],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (prefix / "lib/jejaring/plugins/template.so").exists(), "that one is an example"
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("JEJARING_CONFIG", "MAKEFLAGS", "MAKELEVEL", "B")}
    environment.update(PATH=f"{prefix}/bin:{os.environ['PATH']}", NO_COLOR="1",
                       PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig", LD_LIBRARY_PATH=f"{prefix}/lib")
    if SANITIZED:  # what was installed is built so, too
        environment["CFLAGS"] = "-O1 -fsanitize=address,undefined"
    return environment


def shell(script, folder, environment):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=4 * PATIENCE)


@pytest.mark.parametrize("words, files", [
    ("", []),
    ("--schema hitung.dicatat", ["hitung.dicatat.json"]),
])
def test_a_new_plugin_compiles_without_a_warning_and_passes_its_tests(tmp_path, installed, words,
                                                                      files):
    environment = {**installed, "CFLAGS": installed.get("CFLAGS", "-O2") +
                   " -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wvla"}
    done = shell(f"jejaringctl plugin new hitung {words} && cd hitung && make test", tmp_path,
                 environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hitung: all is well" in done.stdout and "6 cases, 0 failed" in done.stdout
    written = {path.name for path in (tmp_path / "hitung").iterdir()}
    assert written == {"hitung.c", "test.c", "Makefile", "README.md", "hitung.so", "try", *files}
    for path in (tmp_path / "hitung").glob("*.[cm]*"):
        assert "@" not in path.read_text().replace("$@", ""), path
    again = ctl("plugin", "new", "hitung", str(tmp_path / "hitung"))
    assert again.returncode == 1 and "is there already" in again.stderr


@pytest.mark.parametrize("words, message", [
    (["Bad-Name"], "is no name for a plugin"),
    (["good", "--schema", "noword"], "is no event type"),
])
def test_bad_names_are_refused(tmp_path, words, message):
    done = ctl("plugin", "new", *words, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert list(tmp_path.iterdir()) == []


def blocks():
    """The fenced blocks of the developer's part: (language, file or "", text)."""
    text = (ROOT / "plugins" / "README.md").read_text()
    part = text.split("## From nothing to a running plugin\n")[1].split("\n## ")[0]
    return re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", part, re.M | re.S)


def test_what_the_readme_shows_works_word_by_word(tmp_path, installed):
    script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
    found = blocks()
    assert [one[:2] for one in found] == [("sh", ""), ("c", "voucher.c"), ("c", "test.c"),
                                          ("sh", ""), ("sh", "")]
    for language, file, text in found:
        if language == "sh":
            script += text
        else:
            script += f"cat >{file} <<'WRITTEN'\n{text}WRITTEN\n"
    done = shell(script, tmp_path, installed)
    log = tmp_path / "voucher/node/log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    assert done.stdout.count("6 cases, 0 failed") == 2
    assert "voucher 1.0.0: grants a training voucher" in done.stdout
    assert "accepted 1, duplicate 0, rejected 0" in done.stdout
    assert "voucher.granted" in done.stdout.rsplit("accepted 1", 1)[1]
    assert "error" not in log.read_text()
