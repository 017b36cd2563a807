"""CityHash128 of version 1.0.2, which ClickHouse puts before each compressed block.

ClickHouse keeps to that version for good; newer ones give other sums. Written after the algorithm of
https://github.com/google/cityhash, with the names that it has there. Some megabytes a second: enough for development.
"""

import struct

MASK = 0xFFFFFFFFFFFFFFFF
K0, K1, K2, K3 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F, 0xC949D7C7509E6557
K_MUL = 0x9DDFEA08EB382D69

_fetch64 = struct.Struct("<Q").unpack_from
_fetch32 = struct.Struct("<I").unpack_from
_fetch4x64 = struct.Struct("<4Q").unpack_from


def _rotate(value, shift):
    return (value >> shift | value << (64 - shift)) & MASK if shift else value


def _shift_mix(value):
    return value ^ value >> 47


def _hash16(u, v):
    a = (u ^ v) * K_MUL & MASK
    a ^= a >> 47
    b = (v ^ a) * K_MUL & MASK
    b ^= b >> 47
    return b * K_MUL & MASK


def _hash0to16(data):
    length = len(data)
    if length > 8:
        (a,), (b,) = _fetch64(data, 0), _fetch64(data, length - 8)
        return _hash16(a, _rotate(b + length & MASK, length)) ^ b
    if length >= 4:
        (a,), (b,) = _fetch32(data, 0), _fetch32(data, length - 4)
        return _hash16(length + (a << 3), b)
    if length:
        y = data[0] + (data[length >> 1] << 8)
        z = length + (data[length - 1] << 2)
        return _shift_mix((y * K2 ^ z * K3) & MASK) * K2 & MASK
    return K2


def _weak_hash32(data, at, a, b):
    w, x, y, z = _fetch4x64(data, at)
    a = a + w & MASK
    b = _rotate(b + a + z & MASK, 21)
    c = a
    a = a + x + y & MASK
    b = b + _rotate(a, 44) & MASK
    return a + z & MASK, b + c & MASK


def _murmur(data, a, b):
    length = len(data)
    if length <= 16:
        a = _shift_mix(a * K1 & MASK) * K1 & MASK
        c = b * K1 + _hash0to16(data) & MASK
        d = _shift_mix(a + (_fetch64(data, 0)[0] if length >= 8 else c) & MASK)
    else:
        c = _hash16(_fetch64(data, length - 8)[0] + K1 & MASK, a)
        d = _hash16(b + length & MASK, c + _fetch64(data, length - 16)[0] & MASK)
        a = a + d & MASK
        at = 0
        while True:
            a = (a ^ _shift_mix(_fetch64(data, at)[0] * K1 & MASK) * K1 & MASK) * K1 & MASK
            b ^= a
            c = (c ^ _shift_mix(_fetch64(data, at + 8)[0] * K1 & MASK) * K1 & MASK) * K1 & MASK
            d ^= c
            at += 16
            if length - at <= 16:
                break
    a = _hash16(a, c)
    b = _hash16(d, b)
    return a ^ b, _hash16(b, a)


def _with_seed(data, x, y):
    length = len(data)
    if length < 128:
        return _murmur(data, x, y)
    z = length * K1 & MASK
    v0 = _rotate(y ^ K1, 49) * K1 + _fetch64(data, 0)[0] & MASK
    v1 = _rotate(v0, 42) * K1 + _fetch64(data, 8)[0] & MASK
    w0 = _rotate(y + z & MASK, 35) * K1 + x & MASK
    w1 = _rotate(x + _fetch64(data, 88)[0] & MASK, 53) * K1 & MASK
    at = 0
    while length - at >= 128:
        for at in (at, at + 64):
            x = _rotate(x + y + v0 + _fetch64(data, at + 16)[0] & MASK, 37) * K1 & MASK
            y = _rotate(y + v1 + _fetch64(data, at + 48)[0] & MASK, 42) * K1 & MASK
            x ^= w1
            y ^= v0
            z = _rotate(z ^ w0, 33)
            v0, v1 = _weak_hash32(data, at, v1 * K1 & MASK, x + w0 & MASK)
            w0, w1 = _weak_hash32(data, at + 32, z + w1 & MASK, y)
            z, x = x, z
        at += 64
    y = y + _rotate(w0, 37) * K0 + z & MASK
    x = x + _rotate(v0 + z & MASK, 49) * K0 & MASK
    tail = 0
    while tail < length - at:
        tail += 32
        y = _rotate(y - x & MASK, 42) * K0 + v1 & MASK
        w0 = w0 + _fetch64(data, length - tail + 16)[0] & MASK
        x = _rotate(x, 49) * K0 + w0 & MASK
        w0 = w0 + v0 & MASK
        v0, v1 = _weak_hash32(data, length - tail, v0, v1)
    x = _hash16(x, v0)
    y = _hash16(y, w0)
    return _hash16(x + v1 & MASK, w1) + y & MASK, _hash16(x + w1 & MASK, y + v1 & MASK)


def cityhash128(data):
    """The 16 bytes that stand before a block."""
    length = len(data)
    if length >= 16:
        halves = _with_seed(data[16:], _fetch64(data, 0)[0] ^ K3, _fetch64(data, 8)[0])
    elif length >= 8:
        seed = _fetch64(data, 0)[0] ^ length * K0 & MASK
        halves = _with_seed(b"", seed, _fetch64(data, length - 8)[0] ^ K1)
    else:
        halves = _with_seed(data, K0, K1)
    return struct.pack("<2Q", *halves)
