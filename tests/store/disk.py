"""A disk whose syncs fail when a test says so, and that can lose its power at any moment.

SQLite's own file system is wrapped: what it writes goes to real files, and is remembered as a
kernel does. A page is dirty from a write on until a sync; a sync that fails leaves its pages
clean all the same, as Linux does, so that no later sync writes them. What would be there after
a power cut can be asked at any moment.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from unittest import mock

from twisted_chat.store import Store

AVAILABLE = hasattr(ctypes.CDLL(_sqlite3.__file__), "sqlite3_vfs_find")
"""Whether this Python uses a SQLite that others can reach too."""

_PAGE = 4096
_OK, _FAILED_SYNC = 0, 10 | 4 << 8
_METHODS = 18  # of an open file, after the version
_WRITE, _TRUNCATE, _SYNC = 2, 3, 4

_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
_Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)


class _Methods(Structure):
    _fields_ = (("version", c_int), ("calls", c_void_p * _METHODS))


class _FileSystem(Structure):
    _fields_ = (
        ("version", c_int),
        ("size_of_file", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * 18),
    )


class _File:
    """What the kernel has of a file, and what the disk has."""

    def __init__(self, content: bytes = b"") -> None:
        self.seen = bytearray(content)
        self.kept = bytearray(content)
        self.dirty: set[int] = set()
        self.shrunk = len(content)  # the shortest it has been since the last sync

    def write(self, place: int, data: bytes) -> None:
        end = place + len(data)
        self.seen.extend(bytes(max(0, end - len(self.seen))))
        self.seen[place:end] = data
        self.dirty.update(range(place // _PAGE, -(-end // _PAGE)))

    def truncate(self, size: int) -> None:
        del self.seen[size:]
        self.shrunk = min(self.shrunk, size)

    def sync(self) -> None:
        self.kept = self._written(self.kept[: self.shrunk], self.dirty)
        self.kept.extend(bytes(max(0, len(self.seen) - len(self.kept))))
        self.fail()

    def fail(self) -> None:
        self.dirty.clear()
        self.shrunk = len(self.seen)

    def after_a_power_cut(self, chance: random.Random) -> bytes:
        kept = self.kept[: chance.choice((len(self.kept), self.shrunk))]
        some = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        return bytes(self._written(kept, {it for it in self.dirty if chance.random() < some}))

    def _written(self, onto: bytearray, pages: set[int]) -> bytearray:
        result = bytearray(onto)
        for page in pages:
            data = self.seen[page * _PAGE : (page + 1) * _PAGE]
            result.extend(bytes(max(0, page * _PAGE + len(data) - len(result))))
            result[page * _PAGE : page * _PAGE + len(data)] = data
        return result


class Disk:
    """The files of one folder, by their names. `fails` decides which syncs of which file fail."""

    def __init__(self, folder: Path) -> None:
        self.fails: Callable[[str], bool] = lambda name: False
        self.look: Callable[[], object] = lambda: None
        """Called before everything that is done to a file."""
        self._off = False
        self._folder = folder.resolve()
        self._files: dict[str, _File] = {}
        self._names: dict[int, str] = {}  # of SQLite's open files
        self._kept: list[object] = []  # what SQLite has pointers to

    def after_a_power_cut(self, chance: random.Random) -> dict[str, bytes]:
        """What would be in the files now."""
        return {name: it.after_a_power_cut(chance) for name, it in self._files.items()}

    def after_a_kill(self) -> dict[str, bytes]:
        """What is in the files now."""
        return {name: bytes(it.seen) for name, it in self._files.items()}

    def kill(self, store: Store) -> None:
        """End a server as a kill does: the kernel goes on with what it has of the files."""
        for path in self._folder.iterdir():
            if path.is_file() and not path.name.endswith("-shm"):
                self._file(path.name)
        self._off = True
        store.close()
        self._off = False
        for name, file in self._files.items():
            (self._folder / name).write_bytes(file.seen)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Be the disk of everything that is opened meanwhile."""
        sqlite = ctypes.CDLL(_sqlite3.__file__)
        sqlite.sqlite3_vfs_find.restype = POINTER(_FileSystem)
        real = sqlite.sqlite3_vfs_find(None)
        ours = _FileSystem.from_buffer_copy(real.contents)
        ours.name = b"failing"
        ours.open = self._pointer(_Open, self._opening(real))
        ours.delete = self._pointer(_Delete, self._deleting(real))
        pwrite, ftruncate = os.pwrite, os.ftruncate

        def write(file: int, data: bytes, place: int) -> int:
            written = pwrite(file, data, place)
            self._note(self._name_of(file), lambda it: it.write(place, bytes(data[:written])))
            return written

        def sync(file: int) -> None:
            if self._sync(self._name_of(file)) != _OK:
                raise OSError(5, "Input/output error")

        def cut(file: int, size: int) -> None:
            ftruncate(file, size)
            self._note(self._name_of(file), lambda it: it.truncate(size))

        sqlite.sqlite3_vfs_register(ctypes.byref(ours), 1)
        try:
            with mock.patch.multiple("os", pwrite=write, fsync=sync, ftruncate=cut):
                yield
        finally:
            sqlite.sqlite3_vfs_register(real, 1)
            sqlite.sqlite3_vfs_unregister(ctypes.byref(ours))

    def _pointer(self, kind: Callable[..., object], function: Callable[..., int]) -> int | None:
        made = kind(function)
        self._kept.append(made)
        return ctypes.cast(made, c_void_p).value  # type: ignore[arg-type]

    def _opening(self, real: ctypes._Pointer[_FileSystem]) -> Callable[..., int]:
        beneath = _Open(real.contents.open)
        ours: dict[int, _Methods] = {}

        def opened(_: int, path: int, file: int, flags: int, told: object) -> int:
            found: int = beneath(ctypes.addressof(real.contents), path, file, flags, told)
            if found == _OK and path:
                name = Path(os.fsdecode(ctypes.string_at(path)))
                there = c_void_p.from_address(file)
                if name.parent == self._folder and there.value:
                    if there.value not in ours:
                        ours[there.value] = self._methods(there.value)
                    there.value = ctypes.addressof(ours[there.value])
                    self._names[file] = name.name
                    self._file(name.name)
            return found

        return opened

    def _methods(self, real: int) -> _Methods:
        ours = _Methods.from_buffer_copy(_Methods.from_address(real))
        write = _Write(ours.calls[_WRITE])
        truncate = _Truncate(ours.calls[_TRUNCATE])

        def writes(file: int, data: int, size: int, place: int) -> int:
            content = ctypes.string_at(data, size)
            self._note(self._names[file], lambda it: it.write(place, content))
            return int(write(file, data, size, place))

        def truncates(file: int, size: int) -> int:
            self._note(self._names[file], lambda it: it.truncate(size))
            return int(truncate(file, size))

        def syncs(file: int, flags: int) -> int:
            return self._sync(self._names[file])

        ours.calls[_WRITE] = self._pointer(_Write, writes)
        ours.calls[_TRUNCATE] = self._pointer(_Truncate, truncates)
        ours.calls[_SYNC] = self._pointer(_Sync, syncs)
        return ours

    def _deleting(self, real: ctypes._Pointer[_FileSystem]) -> Callable[..., int]:
        beneath = _Delete(real.contents.delete)

        def deleted(_: int, path: int, sync: int) -> int:
            if not self._off:
                self._files.pop(Path(os.fsdecode(ctypes.string_at(path))).name, None)
            return int(beneath(ctypes.addressof(real.contents), path, sync))

        return deleted

    def _name_of(self, file: int) -> str | None:
        found = os.fstat(file)
        for path in self._folder.iterdir():
            if os.path.samestat(path.stat(), found):
                return path.name if path.is_file() else None
        return None

    def _file(self, name: str) -> _File:
        if name not in self._files:
            path = self._folder / name
            self._files[name] = _File(path.read_bytes() if path.exists() else b"")
        return self._files[name]

    def _note(self, name: str | None, change: Callable[[_File], None]) -> None:
        if name is not None and not self._off:
            self.look()
            change(self._file(name))

    def _sync(self, name: str | None) -> int:
        if name is not None and not self._off:
            self.look()
            if self.fails(name):
                self._file(name).fail()
                return _FAILED_SYNC
            self._file(name).sync()
        return _OK
