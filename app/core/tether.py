"""The first thing that a child process runs: it ties itself to its parent, then becomes the tool.

A program of its own, not imported: what `subprocess` offers for this (`preexec_fn`) runs Python
between fork and exec, which can deadlock in a process with threads, and newer Pythons warn of it.
Costs about 30 ms. Arguments: parent's pid, CPU seconds, memory, largest file (bytes), open files,
nice, 1 for no network, then the command.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def bind(what: int, soft: int, hard: int) -> None:
    """Set a limit, or the one that we are under already when that is lower."""
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def leave_network() -> None:
    """Move into a network without any device. A kernel that forbids it leaves us where we are: what
    a child may open is bounded by its own options besides."""
    libc = ctypes.CDLL(None)
    if libc.unshare(CLONE_NEWNET) != 0:  # root may; others need to be root of a space of their own
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def main() -> None:
    parent, cpu, memory, file_size, open_files, nice = map(int, sys.argv[1:7])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask to die with it
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[7] == "1":
        leave_network()
    os.nice(nice)
    bind(resource.RLIMIT_CPU, cpu, cpu + 5)  # XCPU first, which tells why; then KILL
    bind(resource.RLIMIT_AS, memory, memory)
    bind(resource.RLIMIT_FSIZE, file_size, file_size)
    bind(resource.RLIMIT_NOFILE, open_files, open_files)
    bind(resource.RLIMIT_CORE, 0, 0)
    for sign in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and that is inherited
        signal.signal(sign, signal.SIG_DFL)
    os.execvp(sys.argv[8], sys.argv[8:])  # noqa: S606 - a list of our own, never a shell line


if __name__ == "__main__":
    main()
