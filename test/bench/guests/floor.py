#!/usr/bin/env python3
"""The floor of the benchmarks: runs a kernel's launch command by hand, without a monitor, and reads a console with
the plainest loop there is. Takes one JSON request per line on standard input, answers with one JSON line.

  {"do": "start", "argv": [...], "cwd": DIR, "env": {...}, "notify": PATH, "fds": [[FD, SOURCE], ...]}
      SOURCE: "slave NAME", "master NAME" (a pty per NAME), or the path of a file
      -> {"seconds": from before the spawn until the guest said "booted" on the notify socket}
  {"do": "type", "console": NAME, "text": TEXT}
  {"do": "until", "console": NAME, "marker": TEXT} -> {"seconds": from the first byte read on, "bytes": N}
  {"do": "echo", "console": NAME, "count": N}      -> {"seconds": [round trip of each byte]}
  {"do": "end"}                                    kills the kernel and waits for its end

A kernel that has filled a pty may miss that there is room again; "until" wakes it like the monitor does, by a
datagram to its management console (the socket that it has announced on the notify socket).
"""
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import tty

NOTIFY = struct.Struct("=IIII")  # magic, version, type, length of the data that follows
TYPE_SOCKET, TYPE_PANIC, TYPE_USER = 0, 1, 3
POKE = struct.pack("=III", 0xCAFEBABE, 2, 4) + b"help"
SILENCE_S = 0.002
TAIL_BYTES = 256  # A prompt may follow the marker.
DEADLINE_S = 60


class Floor:
    def __init__(self):
        self.pid = 0
        self.ptys = {}
        self.mconsole = ""

    def start(self, request):
        listener = listen(request["notify"])
        try:
            actions, opened = [], []
            for number, source in request["fds"]:
                opened.append(self.open(source))
                # From a high number, so that no target overwrites a source that is still wanted.
                actions.append((os.POSIX_SPAWN_DUP2, opened[-1], number))
            os.chdir(request["cwd"])
            began = time.perf_counter()
            self.pid = os.posix_spawn(request["argv"][0], request["argv"], request["env"], file_actions=actions)
            self.await_booted(listener)
            seconds = time.perf_counter() - began
            for fd in opened:
                os.close(fd)
            return {"seconds": seconds}
        finally:
            listener.close()
            os.unlink(request["notify"])

    def open(self, source):
        kind, _, name = source.partition(" ")
        if kind not in ("slave", "master"):
            return high(os.open(source, os.O_RDWR | os.O_CREAT))
        if name not in self.ptys:
            self.ptys[name] = os.openpty()
            tty.setraw(self.ptys[name][1])
        return high(os.dup(self.ptys[name][kind == "slave"]))

    def await_booted(self, listener):
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        con0 = self.ptys["con0"][0]
        poll.register(con0, select.POLLIN)
        seen = b""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                self.pid = 0
                break
            for fd, _ in poll.poll(1000):
                if fd == con0:
                    seen = (seen + os.read(con0, 65536))[-2000:]
                    continue
                packet = listener.recv(1024)
                _, _, kind, length = NOTIFY.unpack_from(packet)
                data = packet[NOTIFY.size : NOTIFY.size + length].rstrip(b"\0\n")
                if kind == TYPE_SOCKET:
                    self.mconsole = data.decode()
                elif kind == TYPE_USER and data == b"booted":
                    return
        raise RuntimeError("the guest did not boot; con0: " + seen.decode(errors="replace"))

    def type(self, request):
        os.write(self.ptys[request["console"]][0], request["text"].encode())
        return {}

    def until(self, request):
        master = self.ptys[request["console"]][0]
        marker = request["marker"].encode()
        poll = select.poll()
        poll.register(master, select.POLLIN)
        count, tail, began = 0, b"", 0.0
        deadline = time.monotonic() + DEADLINE_S
        while marker not in tail:
            if not poll.poll(SILENCE_S * 1000):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no {marker} after {count} bytes, but {tail}")
                if count:
                    self.poke()
                continue
            piece = os.read(master, 65536)
            began = began or time.perf_counter()
            count += len(piece)
            tail = (tail + piece[-TAIL_BYTES:])[-TAIL_BYTES:]
        return {"seconds": time.perf_counter() - began, "bytes": count}

    def poke(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto(POKE, self.mconsole.lstrip("/"))
            except OSError:
                pass  # It has enough to read already.

    def echo(self, request):
        master = self.ptys[request["console"]][0]
        times = []
        for _ in range(request["count"]):
            began = time.perf_counter()
            os.write(master, b"x")
            if os.read(master, 16) != b"x":
                raise RuntimeError("not the echo")
            times.append(time.perf_counter() - began)
        return {"seconds": times}

    def end(self, _request=None):
        if self.pid:
            # bubblewrap's child is PID 1 of the jail.
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as children:
                for pid in children.read().split():
                    os.kill(int(pid), signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        for pair in self.ptys.values():
            os.close(pair[0])
            os.close(pair[1])
        self.ptys = {}
        return {}


def high(fd):
    """The descriptor under a number that no kernel is given."""
    import fcntl

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)
    os.close(fd)
    return moved


def listen(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if os.path.exists(path):
        os.unlink(path)
    listener.bind(path)
    os.chmod(path, 0o666)
    return listener


def main():
    floor = Floor()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = getattr(floor, request["do"])(request)
            except Exception as error:  # Whatever it is, the bench shows it.
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
    finally:
        floor.end()


main()
