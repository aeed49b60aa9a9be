"""The tests that load the warehouse plugin into Python, under AddressSanitizer."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
MODULES = ["plugin", "absorption", "order", "roles"]


@pytest.mark.timeout(1800)
@pytest.mark.skipif(not os.environ.get("SANITIZED"), reason="not a sanitizer build")
def test_the_plugin_in_a_process_that_has_the_sanitizer():
    runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], text=True, check=True,
                             stdout=subprocess.PIPE).stdout.strip()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         *(str(HERE / f"test_warehouse_{module}.py") for module in MODULES)],
        env={**os.environ, "LD_PRELOAD": runtime, "JEJARING_PERMUTATIONS": "5",
             # Python itself frees little at its end.
             "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "runtime error" not in done.stdout
