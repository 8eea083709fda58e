#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damages tar streams, for tests.

usage: streams.py damage DAMAGE < TAR > TAR
       streams.py refused TAR DAMAGE... -- TOOL [ARG...]   each damage must be refused
       streams.py cuts TAR SEED TOOL [ARG...]              each prefix of whole blocks, and some others, must be refused
       streams.py flips TAR SEED TOOL [ARG...]             a bit flipped at each of 200 places: refused, or the output is the same

The tool gets the stream on standard input. To refuse is to end with status 2 and a message in which nothing is left that a terminal would
obey, and to have written no whole tar. A damage is one of

    drop NAME, twice NAME      without the entry (or folder), with it twice
    row NAME, byte NAME        without its last row, byte
    swap NAME OTHER            with the bodies of the two exchanged
    add TYPE NAME              another entry first: file, link, hard, char, block, fifo, sparse
    promise BYTES              the last entry's header says that it has so many bytes
    behind TEXT                text behind the end blocks
    instead TEXT               another input
"""
import io
import os
import random
import re
import subprocess
import sys
import tarfile

TYPES = {'file': tarfile.REGTYPE, 'link': tarfile.SYMTYPE, 'hard': tarfile.LNKTYPE, 'char': tarfile.CHRTYPE, 'block': tarfile.BLKTYPE,
         'fifo': tarfile.FIFOTYPE, 'sparse': tarfile.GNUTYPE_SPARSE}
END = bytes(1024)
SANITIZED = bool(os.environ.get('TESTS_SANITIZED'))  # programs are many times slower: less of what is done again and again
OBEYED = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]')  # controls but tab and line end; bidi


def read(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(member, tar.extractfile(member).read() if member.isreg() else b'') for member in tar]


def write(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for member, body in members:
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return out.getvalue()


def is_under(member, name):
    return member.name == name or member.name.startswith(name + '/')


def body_cut(body, by):
    return body[:-1] if by == 'byte' else b''.join(body.splitlines(True)[:-1])


def damage(data, spec):
    command, rest = spec.split(' ', 1)
    if command == 'behind':
        return data + rest.encode()
    if command == 'instead':
        return rest.encode('latin-1') + bytes(2000)
    members = read(data)
    if command == 'add':
        return add(members, *rest.split(' ', 1))
    if command == 'promise':
        return promise(data, members[-1][0], int(rest))
    names = rest.split(' ')
    assert all(any(is_under(member, name) for member, _ in members) for name in names), spec
    if command == 'drop':
        return write([m for m in members if not is_under(m[0], rest)])
    if command == 'twice':
        return write([twin for m in members for twin in ([m, m] if is_under(m[0], rest) else [m])])
    if command == 'swap':
        bodies = {member.name: body for member, body in members}
        other = {names[0]: names[1], names[1]: names[0]}
        return write([(member, bodies[other.get(member.name, member.name)]) for member, _ in members])
    assert command in ('row', 'byte'), spec
    return write([(member, body_cut(body, command) if is_under(member, rest) else body) for member, body in members])


def add(members, kind, name):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = TYPES[kind], '/etc/passwd' if kind in ('link', 'hard') else ''
    return write([(entry, b'')] + members)


def promise(data, member, size):
    """A size beyond 8 GiB is written in base 256: GNU's extension."""
    header = bytearray(data[member.offset_data - 512:member.offset_data])
    header[124:136] = b'\x80' + size.to_bytes(11, 'big')
    header[148:156] = b' ' * 8
    header[148:156] = b'%06o\0 ' % sum(header)
    return data[:member.offset_data - 512] + bytes(header) + data[member.offset_data:]


def run(argv, data):
    done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr.decode(errors='replace')


def check_refused(argv, data, what):
    status, out, err = run(argv, data)
    if status != 2 or not err.strip() or OBEYED.search(err) or out.endswith(END):
        sys.exit(f'{argv}: {what!r}: status {status}, {len(out)} bytes{", whole" if out.endswith(END) else ""}\n{err}')


def cuts(data, seed, argv):
    rng = random.Random(seed)
    end = len(data.rstrip(b'\0')) + 511 & ~511  # where the end blocks begin, or within the last body's padding
    step = 3 if SANITIZED else 1
    whole = sorted(set(range(512 * rng.randrange(step), end + 513, 512 * step)) | {rng.randrange(end) for _ in range(20)})
    for n in whole:
        check_refused(argv, data[:n], f'cut to {n} of {len(data)} bytes')


def contents(out):
    """What a tool has put out, but for pax keywords and what is between the entries; text as it is."""
    try:
        return [(member.name, member.type, body) for member, body in read(out)]
    except tarfile.TarError:
        return out


def flips(data, seed, argv):
    rng = random.Random(seed)
    status, out, err = run(argv, data)
    if status != 0:
        sys.exit(f'{argv}: status {status} before any flip\n{err}')
    wanted = contents(out)
    pax = [p for member, _ in read(data) for p in range(member.offset, member.offset_data) if member.pax_headers and p - member.offset >= 512]
    refused = 0
    count = 70 if SANITIZED else 200
    for _ in range(count):
        at, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
        flipped = data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]
        status, out, err = run(argv, flipped)
        if status == 0 and (contents(out) == wanted or at in pax):  # keywords have no checksum
            continue
        refused += 1
        if status != 2 or not err.strip() or out.endswith(END):
            sys.exit(f'{argv}: byte {at}, bit {bit}: status {status}{", whole" if out.endswith(END) else ""}\n{err}')
    print(f'{count} flips, {refused} refused')


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == 'damage':
        sys.stdout.buffer.write(damage(sys.stdin.buffer.read(), args[0]))
        return
    with open(args[0], 'rb') as f:
        data = f.read()
    if command == 'refused':
        tool = args.index('--')
        for spec in args[1:tool]:
            check_refused(args[tool + 1:], damage(data, spec), spec)
    elif command == 'cuts':
        cuts(data, int(args[1]), args[2:])
    else:
        flips(data, int(args[1]), args[2:])


main()
