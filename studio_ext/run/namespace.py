"""A view of the file system of a job's own, in which its folder is ``/opt/ml``.

The job's supervisor enters a mount namespace; what it starts inherits the view and nothing
outside changes. An ordinary user does it through a user namespace, mapped to itself. Where the
platform refuses (macOS, many containers, some distributions), :class:`Unavailable` says why.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_NOATIME, MS_NODIRATIME = 32, 1024, 2048
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
# A user namespace may not drop these from a mount it inherited, so a remount repeats them.
_LOCKED = {
    os.ST_NOSUID: MS_NOSUID,
    getattr(os, "ST_NODEV", 4): MS_NODEV,
    getattr(os, "ST_NOEXEC", 8): MS_NOEXEC,
    getattr(os, "ST_NOATIME", 1024): MS_NOATIME,
    getattr(os, "ST_NODIRATIME", 2048): MS_NODIRATIME,
    getattr(os, "ST_RELATIME", 4096): MS_RELATIME,
}


class Unavailable(Exception):
    """This platform does not give a process a file system view of its own; the text says why."""


def enter(apart: bool = False) -> None:
    """Move this single-threaded process into a mount namespace of its own.

    ``apart``: root too into a user namespace of its own, where there are such, so that what it
    starts can look into no process outside, however it shares its user.
    """
    if not sys.platform.startswith("linux"):
        raise Unavailable(f"mount namespaces need Linux, this is {sys.platform}")
    try:
        _unshare(apart)
        _mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError as error:
        raise Unavailable(f"mount namespaces are not allowed here ({error})") from error


def apart() -> None:
    """Move this single-threaded process, root's, into a user namespace of its own.

    What it starts can look into no process outside, however it shares its user. Raises OSError
    where user namespaces are forbidden.
    """
    user, group = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWUSER)
    _map(user, group)


def show_as_ml(folder: Path, ml: str = "/opt/ml") -> None:
    """Make ``folder``, with what is mounted in it, visible as ``/opt/ml``.

    Where the host has no ``/opt/ml`` the parent is rebuilt with all it had: a directory cannot
    be added to it without writing to the host.
    """
    parent, name = os.path.split(ml)
    if not os.path.isdir(parent):
        raise Unavailable(f"there is no {parent} to show the job's folder in")
    with _opened(folder) as source:
        try:
            if not os.path.isdir(ml):
                _rebuild(parent, name)
            _mount(source, ml, None, MS_BIND | MS_REC)
        except OSError as error:
            raise Unavailable(f"{ml} cannot be mounted ({error})") from error


def protect(folder: Path, scratch: Path) -> str | None:
    """Let the job use ``folder`` without changing the files in it.

    ``overlay``: writes go to ``scratch``; ``read-only``: writes are refused; None: neither works.
    """
    upper, work = scratch / "upper", scratch / "work"
    upper.mkdir(parents=True, exist_ok=True)
    work.mkdir(exist_ok=True)
    with _opened(folder) as lower, _opened(upper) as up, _opened(work) as down:
        for extra in ("", ",userxattr"):
            options = f"lowerdir={lower},upperdir={up},workdir={down}{extra}"
            with contextlib.suppress(OSError):
                _mount("overlay", lower, "overlay", 0, options)
                return "overlay"
    return read_only(folder)


def read_only(folder: Path) -> str | None:
    """Refuse writes below ``folder``; None where that cannot be had."""
    try:
        _mount(str(folder), str(folder), None, MS_BIND)
    except OSError:
        return None
    try:
        _remount_read_only(str(folder))
    except OSError:
        _umount(str(folder))
        return None
    return "read-only"


def _remount_read_only(path: str, more: int = 0) -> None:
    flags = os.statvfs(path).f_flag
    keep = sum(mount for flag, mount in _LOCKED.items() if flags & flag)
    _mount("none", path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | keep | more)


def hide(folder: Path, keep: Mapping[Path, bool]) -> bool:
    """Cover ``folder`` with an empty one in which only the paths of ``keep`` are there.

    They are read-only where their value is False. Nothing else can be made in the folder. What
    runs without capabilities (any user but root) cannot take the cover away. Returns whether it
    could be done; :func:`unmount` undoes it.
    """
    inside = {path: rw for path, rw in keep.items() if path.is_relative_to(folder)}
    if not folder.is_dir() or folder in inside:
        return False
    with contextlib.ExitStack() as stack:
        sources = {
            path: stack.enter_context(_opened(path)) for path in sorted(inside) if path.exists()
        }
        try:
            _mount("tmpfs", str(folder), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
        except OSError:
            return False
        try:
            for path, source in sources.items():
                _place(path, source)
                if not inside[path]:
                    _remount_read_only(str(path))
            _remount_read_only(str(folder), MS_NOSUID | MS_NODEV)
        except OSError:
            unmount(folder)
            return False
    return True


def needed(python: str) -> list[Path]:
    """Where an interpreter, this one and this package are: what cannot be hidden."""
    package = Path(__file__).resolve().parents[1]
    return [package, Path(python).absolute().parents[1], Path(sys.prefix), Path(sys.base_prefix)]


def _place(path: Path, source: str) -> None:
    """Show what ``source`` is at a path that is not there yet."""
    if os.path.isdir(source):
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    _mount(source, str(path), None, MS_BIND | MS_REC)


def unmount(folder: Path) -> None:
    """Take away what :func:`protect` put over a folder."""
    with contextlib.suppress(OSError):  # it was not mounted, or is gone
        _umount(str(folder))


def probe(scratch: Path) -> dict[str, Any]:
    """Try everything in a child process, for ``studio doctor``.

    Gives ``{"opt_ml": bool, "inputs": "overlay" | "read-only" | "copy", "reason": str}``.
    """
    folder = scratch / "probe"
    (folder / "ml").mkdir(parents=True, exist_ok=True)
    (folder / "input").mkdir(exist_ok=True)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, _probe(folder).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        inputs, _, reason = pipe.read().partition("\n")
    os.waitpid(child, 0)
    return {"opt_ml": not reason, "inputs": inputs or "copy", "reason": reason}


def _probe(folder: Path) -> str:
    inputs = "copy"
    try:
        enter()
        inputs = protect(folder / "input", folder / "scratch") or "copy"
        show_as_ml(folder / "ml")
    except (Unavailable, OSError) as error:
        return f"{inputs}\n{error}"
    return f"{inputs}\n"


def _unshare(apart: bool) -> None:
    user, group = os.geteuid(), os.getegid()
    if user == 0 and not apart:
        try:
            call("unshare", CLONE_NEWNS)
            return
        except PermissionError:
            pass  # root of a container without CAP_SYS_ADMIN: try as any other user
    try:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    except OSError:
        if user or not apart:
            raise
        call("unshare", CLONE_NEWNS)  # root, where user namespaces are forbidden
        return
    _map(user, group)


def _map(user: int, group: int) -> None:
    """Be in a new user namespace who one was outside."""
    # The kernel lets a user map groups only after it gave up changing them.
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _rebuild(parent: str, name: str) -> None:
    """Cover ``parent`` with a tmpfs that shows all it had, and an empty folder ``name``."""
    with _opened(Path(parent)) as old:
        _mount("tmpfs", parent, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
        try:
            for entry in os.scandir(old):
                _show(entry, os.path.join(parent, entry.name))
            os.mkdir(os.path.join(parent, name))
        except OSError:
            _umount(parent)
            raise


def _show(entry: os.DirEntry[str], target: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), target)
        return
    if entry.is_dir():
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    _mount(entry.path, target, None, MS_BIND | MS_REC)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[str]:
    """A name for a folder that stays true when another mount covers it, and needs no escaping."""
    descriptor = os.open(folder, os.O_PATH)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    call(
        "mount",
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        os.fsencode(options) if options else None,
    )


def _umount(target: str) -> None:
    call("umount2", os.fsencode(target), MNT_DETACH)


def call(name: str, *arguments: Any) -> None:
    """A function of the C library that gives 0; OSError where it fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
