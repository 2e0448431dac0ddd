#!/usr/bin/env python3
"""Checks a JSON Lines export of a log by docs/format.md alone: checksums, chain, positions, versions.

Every frame is put together again from its events' fields. Usage: check_export.py EXPORT [HASH@POSITION]
"""
import json
import struct
import sys
import zlib

from blake3 import blake3

whole = True  # Whether the export begins where the log does.


def fail(position, reason):
    sys.exit(f"position {position}: {reason}")


def varint(value):
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def counted(data):
    return varint(len(data)) + data


def record(fields):
    raw = {name: bytes.fromhex(text) for name, text in fields.items() if isinstance(text, str)}
    flags = fields["flags"]
    out = varint(fields["version"]) + varint(fields["gap"]) + bytes([flags]) + varint(fields["kind"])
    if flags & 32:
        out += bytes([fields["schema"], fields["codec"]])
    if not flags & 2:
        out += counted(raw["stream"])
    if not flags & 1:
        out += struct.pack("<q", fields["time"]) + raw["command"] + raw["digest"]
        out += raw["correlation"] if flags & 4 else b""
        out += raw["causation"] if flags & 8 else b""
        out += varint(fields["policy"]) if flags & 16 else b""
        out += counted(raw["principal"])
    return out + counted(raw["payload"])


def check_frame(frame, events, chain, versions):
    first, last = frame["frame"], frame["last"]
    if last != first + len(events) - 1:
        fail(first, f"it has {len(events)} events, and its frame ends at {last}")
    for position, event in enumerate(events, first):
        stream, version = event["record"]["stream"], event["record"]["version"]
        if event["event"]["position"] != position:
            fail(position, "an event of another position stands here")
        if version != versions.get(stream, 0 if whole else version - 1) + 1:
            fail(position, f"its stream is not at version {version - 1}")
        versions[stream] = version
    body = b"".join(record(event["record"]) for event in events)
    head = b"sF\x01\x01" + struct.pack("<IQI", len(events), first, len(body)) + chain
    crc = struct.pack("<I", zlib.crc32(body, zlib.crc32(head)))
    hash = blake3(head + crc + body).digest()
    if int(frame["crc"], 16) != struct.unpack("<I", crc)[0] or frame["hash"] != hash.hex():
        fail(first, "the frame is not what its checksum and its hash are of")
    return hash


lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
header = bytes.fromhex(lines[0]["header"])
if header[:8] != b"sLog\x01\0\0\0" or zlib.crc32(header[:-4]) != int.from_bytes(header[-4:], "little"):
    fail(0, "the header is not one of a log of format 1")
starts = [at for at, line in enumerate(lines) if "frame" in line]
begin = lines[starts[0]]
whole, last, versions = begin["frame"] == 1, begin["frame"] - 1, {}
chain = blake3(header).digest() if whole else bytes.fromhex(begin["previous"])
for at, end in zip(starts, starts[1:] + [len(lines) - 1]):
    if lines[at]["frame"] != last + 1 or lines[at]["previous"] != chain.hex():
        fail(lines[at]["frame"], "it is not chained to the frame before it")
    chain, last = check_frame(lines[at], lines[at + 1 : end], chain, versions), lines[at]["last"]
head = f"{chain.hex()}@{last}"
if lines[-1] != {"end": head, "frames": len(starts)} or sys.argv[2:] not in ([], [head]):
    fail(last, f"the export ends at {head}, which is not the end that was named")
print(f"{len(starts)} frames, {last} events: {head}")
