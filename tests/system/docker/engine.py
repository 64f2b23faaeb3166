#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""engine.py SOCKET MODE [PID ID]: an engine that does what a real one cannot be made to do.

It answers what groupies-docker asks as dockerd would, but for what MODE says. Its container is the
process PID with the id ID, where they are given. A line for each request goes to SOCKET.log. Ends with
the SIGTERM that its test sends.
"""
import json
import os
import socket
import sys
import time

path, mode = sys.argv[1:3]
pid = int(sys.argv[3]) if len(sys.argv) > 3 else 0
cid = sys.argv[4] if len(sys.argv) > 4 else "0123456789abcdef" * 4
MiB = 1 << 20

version = {"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}
info = {"CgroupDriver": "cgroupfs", "CgroupVersion": "1", "Name": "fake", "MemTotal": 8 << 30,
        "MemoryLimit": True, "SwapLimit": True, "SecurityOptions": ["name=seccomp,profile=default"]}
container = {"Id": cid, "Name": "/fake", "Config": {"Image": "x", "Tty": False},
             "State": {"Status": "running", "Running": True, "OOMKilled": False, "Pid": pid, "ExitCode": 0, "Error": ""},
             "HostConfig": {"Memory": 150 * MiB, "MemorySwap": 150 * MiB, "CgroupParent": ""}}
stats = {"memory_stats": {"usage": 42000000, "limit": 157286400, "stats": {"inactive_file": 1000000, "anon": 40000000}},
         "pids_stats": {"current": 2, "limit": 18446744073709551615}, "cpu_stats": {"cpu_usage": {"total_usage": 5}}}
rows = [{"Id": cid, "Names": ["/fake"]}]
said = b"holding until a signal comes...\n"
logs = b"\x01\0\0\0" + len(said).to_bytes(4, "big") + said
status_of = {}
raw = {}

if mode == "too-old":
    version["ApiVersion"] = "1.12"
elif mode == "too-new":
    version.update(ApiVersion="1.70", MinAPIVersion="1.60", Version="99.1")
elif mode == "new":
    version.update(ApiVersion="1.52", MinAPIVersion="1.44", Version="29.1")
elif mode == "odd-version":
    version["ApiVersion"] = "2.0"
elif mode == "no-swap":
    info["SwapLimit"] = False
elif mode == "rootless":
    info.update(MemoryLimit=False, SwapLimit=False, SecurityOptions=["name=rootless"])
elif mode == "wrong-type":
    container["State"]["Pid"] = "12"
elif mode == "negative":
    container["State"]["Pid"] = -7
elif mode == "bad-id":
    container["Id"] = "../../../../etc/passwd"
elif mode == "missing":
    del container["State"]["OOMKilled"]
elif mode == "list":
    raw["json"] = b"[]"
elif mode == "truncated":
    raw["json"] = json.dumps(container).encode()[:-30]
elif mode == "not-json":
    raw["json"] = b"<html>proxy error</html>"
elif mode == "trailing":
    raw["json"] = json.dumps(container).encode() + b" {}"
elif mode == "deep":
    raw["json"] = b'{"a":' * 5000 + b"1" + b"}" * 5000
elif mode == "empty":
    raw["json"] = b""
elif mode == "huge":
    raw["json"] = b'{"Id": "' + b"x" * (8 << 20) + b'"}'
elif mode == "escapes":
    rows[0]["Names"] = ["/\x1b[31mred\n\x07"]
elif mode == "vanished":
    status_of["json"] = 404
    raw["json"] = b'{"message":"No such container: fake"}'
elif mode == "load-fails":
    status_of["image"] = 404
    raw["load"] = b'{"status":"Loading"}\r\n{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}\r\n'
elif mode == "load-is-no-json":
    status_of["image"] = 404
    raw["load"] = b"Loading...\n"
elif mode == "long-line":
    status_of["image"] = 404
    raw["load"] = b'{"status":"' + b"x" * (8 << 20)
elif mode == "elsewhere-on-v2":  # as v2 has it: no figure for swap
    info["CgroupVersion"] = "2"
    stats["memory_stats"]["usage"] = 150 * MiB
elif mode == "name-clash":  # as podman answers
    status_of["create"] = 500
    raw["create"] = b'{"message":"that name is already in use"}'
elif mode == "no-image":
    status_of["create"] = 404
    raw["create"] = b'{"message":"No such image: x"}'
elif mode == "silent-at-load":
    status_of["image"] = 404
elif mode == "no-such-image":  # nor in any registry
    status_of["image"] = status_of["pull"] = 404
    raw["pull"] = b'{"message":"pull access denied for nosuch/image"}'
elif mode == "ended":
    container["State"].update(Status="exited", Running=False, Pid=0, ExitCode=137)
elif mode == "refuses":
    status_of["json"] = 500
    raw["json"] = b'{"message":"driver failed:\\u001b[31m no \\"luck\\"\\n"}'


def what(method, target):
    """Which of the answers a request is for."""
    target = target.split("?")[0]
    if target == "/_ping":
        return "ping"
    last = target.rsplit("/", 1)[-1]
    if target.endswith("/images/json"):
        return "images"
    if "/images/" in target:
        return {"load": "load", "create": "pull"}.get(last, "image")
    if target.endswith("/containers/json"):
        return "list"
    if method == "DELETE":
        return "delete"
    return last  # version, info, json, create, start, logs, stats, events


def body_of(name):
    if name in raw:
        return raw[name]
    return {"ping": b"OK", "version": json.dumps(version).encode(), "info": json.dumps(info).encode(),
            "json": json.dumps(container).encode(), "list": json.dumps(rows).encode(),
            "stats": json.dumps(stats).encode(), "create": json.dumps({"Id": cid, "Warnings": []}).encode(),
            "images": b"[]", "image": b'{"Id":"sha256:0"}', "load": b'{"stream":"Loaded image"}\r\n', "logs": logs,
            "start": b"", "delete": b"", "events": b""}.get(name, b"{}")


def send(client, data):
    if mode == "bytewise":
        for at in range(len(data)):
            client.sendall(data[at:at + 1])
    else:
        client.sendall(data)


def answer(client, method, target, sent):
    name = what(method, target)
    log.write("%s %s\n" % (method, target))
    if mode == "image-vanishes" and name in ("create", "load"):
        # Somebody takes it away in front of the first container.
        status_of.update(dict.fromkeys(("create", "image"), 404 if (name, status_of) == ("create", {}) else 200))
    if (mode, name) in (("silent-at-load", "load"), ("silent-once-started", "json")):
        time.sleep(600)
    while mode == "dies-when-told" and name == "create" and not os.path.exists(path + ".die"):
        time.sleep(0.05)
    if mode == "creates-unheard" and name == "create":
        container["Config"]["Labels"] = json.loads(sent)["Labels"]
    if mode in ("creates-unheard", "breaks-off-creating", "dies-when-told") and name == "create":
        return False
    if mode == "silent" or (mode == "silent-later" and name != "ping"):
        time.sleep(600)
    if mode == "not-http":
        client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        return False
    if mode == "hangs-up":
        return False
    body = body_of(name)
    if mode == "ends-meanwhile" and name == "logs":
        container["State"].update(Status="exited", Running=False, ExitCode=137)
    head = "HTTP/1.1 %d X\r\n" % status_of.get(name, 200)
    if mode != "no-version":
        head += "Api-Version: %s\r\n" % version["ApiVersion"]
    if mode == "dies" and name not in ("ping", "info"):
        client.sendall((head + "Content-Length: %d\r\n\r\n" % (len(body) + 100)).encode() + body)
        return False
    if mode == "dies-in-chunks" and name not in ("ping", "info"):
        client.sendall((head + "Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (len(body) + 1)).encode() + body)
        return False
    if mode == "bytewise":
        chunks = b"".join(b"1\r\n" + body[at:at + 1] + b"\r\n" for at in range(len(body))) + b"0\r\n\r\n"
        send(client, (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunks)
        return True
    client.sendall((head + "Content-Length: %d\r\n\r\n" % len(body)).encode() + body)
    return True


def serve(client):
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                return
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        length = sum(int(l.split(":")[1]) for l in lines if l.lower().startswith("content-length:"))
        while len(data) < length:
            data += client.recv(65536)
        sent, data = data[:length], data[length:]
        method, target, _ = lines[0].split(" ", 2)
        if not answer(client, method, target, sent):
            return


log = open(path + ".log", "w", buffering=1)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path + ".new")
listener.listen(8)
os.rename(path + ".new", path)
while True:
    connection, _ = listener.accept()
    with connection:
        try:
            serve(connection)
        except (BrokenPipeError, ConnectionResetError):
            pass
