"""Starts one command so that it ends with the process that wanted it, and as the right user.

Run as `python -I -S guard.py PARENT_PID ORPHAN_SIGNAL IDENTITY COMMAND...`, on its own and with
the standard library alone: it becomes the command, so that no process stands in between. The
kernel sends the orphan signal to the command when the thread that started it is gone, even by
SIGKILL. IDENTITY is `same`, `nobody` (root gives up its rights) or `namespace` (root becomes an
ordinary user in a user namespace of its own: the files stay its own, the rights are gone).
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
CANNOT = 70
"""Exit code when the identity or the command is not to be had."""


def become_nobody() -> None:
    """Give up root's rights for those of the user nobody."""
    user = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def become_namespaced(libc: ctypes.CDLL) -> None:
    """Move into a user namespace in which root's own files belong to user 1000: us."""
    user = os.getuid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    Path("/proc/self/uid_map").write_text(f"1000 {user} 1")


def main(arguments: list[str]) -> NoReturn:
    """Take the identity, tie the process to its parent, and become the command."""
    parent, orphan_signal, identity, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if identity == "nobody":
            become_nobody()
        elif identity == "namespace":
            become_namespaced(libc)
        libc.prctl(PR_SET_PDEATHSIG, int(orphan_signal))  # a change of user would have cleared it
        if os.getppid() != int(parent):
            sys.exit(0)
        os.execvp(command[0], command)  # noqa: S606 - that is what this program is for
    except (OSError, KeyError) as error:
        sys.stderr.write(f"cannot start {command[0]} as {identity}: {error}\n")
    sys.exit(CANNOT)


if __name__ == "__main__":
    main(sys.argv[1:])
