"""Runs a program under what a systemd unit forbids through seccomp: its system calls, its address
families, memory that is writable and executable. For machines without systemd as their first
process, and without its other settings.

    confine.py UNIT PROGRAM [ARGUMENT...]
"""

import errno
import os
import re
import socket
import subprocess
import sys

from seccomp import ALLOW, EQ, ERRNO, GT, MASKED_EQ, Arg, SyscallFilter

PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
FAMILIES = 64  # beyond AF_MAX


def settings(unit):
    """[Service] as {key: [values in their order]}."""
    found = {}
    section = None
    with open(unit, encoding="utf-8") as lines:
        for line in lines:
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Service]" and re.match(r"[A-Z]\w*=", line):
                key, value = line.split("=", 1)
                found.setdefault(key, []).append(value)
    return found


def system_calls(word):
    """The names behind a word of SystemCallFilter=."""
    if not word.startswith("@"):
        return {word}
    listing = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word], check=True,
                             capture_output=True, text=True).stdout
    names = re.findall(r"^ {4}([@\w-]+)$", listing, re.MULTILINE)
    return set().union(*(system_calls(name) for name in names))


def allowed_calls(values):
    """An allow-list, from which lines that begin with ~ take away."""
    allowed = system_calls("@default")
    for value in values:
        words = set().union(*(system_calls(word) for word in value.lstrip("~").split()))
        allowed = allowed - words if value.startswith("~") else allowed | words
    return allowed


def confine_calls(allowed):
    rules = SyscallFilter(ERRNO(errno.EPERM))
    for name in allowed:
        try:
            rules.add_rule(ALLOW, name)
        except RuntimeError:
            pass  # not a call of this machine
    rules.load()


def confine_families(names):
    allowed = {getattr(socket, name, None) or {"AF_NETLINK": 16}[name] for name in names}
    rules = SyscallFilter(ALLOW)
    for family in set(range(FAMILIES)) - {int(family) for family in allowed}:
        rules.add_rule(ERRNO(errno.EAFNOSUPPORT), "socket", Arg(0, EQ, family))
    rules.add_rule(ERRNO(errno.EAFNOSUPPORT), "socket", Arg(0, GT, FAMILIES - 1))
    rules.load()


def confine_memory():
    both = PROT_WRITE | PROT_EXEC
    rules = SyscallFilter(ALLOW)
    rules.add_rule(ERRNO(errno.EPERM), "mmap", Arg(2, MASKED_EQ, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        rules.add_rule(ERRNO(errno.EPERM), call, Arg(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
    rules.add_rule(ERRNO(errno.EPERM), "shmat", Arg(2, MASKED_EQ, SHM_EXEC, SHM_EXEC))
    rules.load()


def main(unit, *command):
    wanted = settings(unit)
    assert wanted["MemoryDenyWriteExecute"] == ["yes"]
    calls = allowed_calls(wanted["SystemCallFilter"])
    confine_families(wanted["RestrictAddressFamilies"][0].split())
    confine_memory()
    confine_calls(calls)  # last: it may forbid the loading of filters
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
