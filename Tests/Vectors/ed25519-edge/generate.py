#!/usr/bin/env python3
"""Writes vectors.json: signatures at the edges of what Ed25519 verifiers accept.

Pure Python, fixed seeds, the same output every time: `python3 generate.py > vectors.json`.
Not constant time: for test data only.

Each case has a name, message, key and signature (hex), `acceptKey` and `accept` (the pinned rules of
Sources/Ledger/PinnedEd25519.swift), `cofactorless` (what the bare equation says, reading encodings leniently: a
library that accepts more than the pinned rules does it there), and the reason.
"""
import hashlib
import json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def mul(s, p):
    q = IDENTITY
    while s > 0:
        if s & 1:
            q = add(q, p)
        p = add(p, p)
        s >>= 1
    return q


def neg(p):
    return (-p[0] % P, p[1], p[2], -p[3] % P)


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def encode(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """Leniently: y is reduced, and a sign bit on x = 0 is let pass. None when not on the curve."""
    number = int.from_bytes(data, "little")
    y, sign = (number & (2**255 - 1)) % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


BASE = decode(bytes([0x58] + [0x66] * 31))


def torsion():
    """A point of order eight, from the first y whose point has one."""
    y = 2
    while True:
        point = decode(y.to_bytes(32, "little"))
        if point:
            candidate = mul(L, point)
            if not equal(mul(4, candidate), IDENTITY):
                return candidate
        y += 1


T8 = torsion()
TORSION = [mul(i, T8) for i in range(8)]


def challenge(r, a, message):
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def secret(name):
    """A scalar with its last three bits not cleared: any multiple of the base point is a good key."""
    return int.from_bytes(hashlib.sha512(b"ed25519-edge " + name.encode()).digest(), "little") % L


def canonical(data):
    number = int.from_bytes(data, "little")
    point = decode(data)
    return number & (2**255 - 1) < P and (point is None or encode(point) == data)


def small_order(data):
    point = decode(data)
    return point is not None and equal(mul(8, point), IDENTITY)


def accept_key(key):
    return len(key) == 32 and canonical(key) and not small_order(key)


def bare(message, key, signature):
    """[S]B = R + [k]A with encodings read leniently."""
    if len(key) != 32 or len(signature) != 64:
        return False
    r, a, s = decode(signature[:32]), decode(key), int.from_bytes(signature[32:], "little")
    if r is None or a is None:
        return False
    k = challenge(signature[:32], key, message)
    return equal(mul(s, BASE), add(r, mul(k, a)))


def accept(message, key, signature):
    if len(signature) != 64 or not accept_key(key):
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    return canonical(r) and not small_order(r) and s < L and bare(message, key, signature)


CASES = []


def case(name, message, key, signature, reason):
    CASES.append({
        "name": name, "message": message.hex(), "key": key.hex(), "signature": signature.hex(),
        "acceptKey": accept_key(key), "accept": accept(message, key, signature),
        "cofactorless": bare(message, key, signature), "reason": reason,
    })


def scalar(s):
    return s.to_bytes(32, "little")


def sign(a, r, message, key=None, offset=IDENTITY):
    """Signs with the secret a and the nonce r; `offset` is added to R."""
    key = key or encode(mul(a, BASE))
    big_r = encode(add(mul(r, BASE), offset))
    return big_r + scalar((r + challenge(big_r, key, message) * a) % L)


def flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def ordinary():
    for name, seed, message in [
        ("rfc8032-1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", ""),
        ("rfc8032-2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72"),
        ("rfc8032-3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82"),
    ]:
        digest = hashlib.sha512(bytes.fromhex(seed)).digest()
        a = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
        message = bytes.fromhex(message)
        r = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % L
        case(name, message, encode(mul(a, BASE)), sign(a, r, message), "valid")
    for i in range(8):
        a, message = secret(f"a{i}"), b"message " + bytes([i]) * (i * 37)
        case(f"valid-{i}", message, encode(mul(a, BASE)), sign(a, secret(f"r{i}"), message), "valid")


def broken():
    a, message = secret("broken"), b"a message that is changed"
    key, good = encode(mul(a, BASE)), sign(a, secret("broken-r"), message)
    case("other-message", message + b".", key, good, "equation")
    case("other-key", message, encode(mul(a + 1, BASE)), good, "equation")
    for bit in (0, 7, 100, 254, 255, 256, 300, 400, 505, 508, 509, 511):
        case(f"signature-bit-{bit}", message, key, flip(good, bit), "equation or S")
    case("sign-of-key", message, flip(key, 255), good, "equation")
    case("signature-short", message, key, good[:63], "length")
    case("signature-long", message, key, good + b"\0", "length")
    case("signature-empty", message, key, b"", "length")
    case("key-short", message, key[:31], good, "length")
    case("key-long", message, key + b"\0", good, "length")
    s = int.from_bytes(good[32:], "little")
    for times in range(1, 16):
        case(f"s-plus-{times}-l", message, key, good[:32] + scalar(s + times * L), "S not below L")
    for name, value in [("l", L), ("l-minus-1", L - 1), ("l-plus-1", L + 1), ("zero", 0), ("all-ones", 2**256 - 1)]:
        case(f"s-{name}", message, key, good[:32] + scalar(value), "S edge")
    # With the identity as key and R the equation holds for S = 0, and so for S = L before reduction is refused.
    big_r = encode(IDENTITY)
    case("all-identity-s-l", message, encode(IDENTITY), big_r + scalar(L), "small-order key and R, S not below L")
    case("all-identity", message, encode(IDENTITY), big_r + scalar(0), "small-order key and R")


def grind(prefix, key, big_r, wanted):
    """The first message for which the challenge modulo 8 is the wanted one."""
    counter = 0
    while True:
        message = prefix + str(counter).encode()
        if challenge(big_r, key, message) % 8 == wanted:
            return message
        counter += 1


def lenient_encodings():
    """All encodings of the eight points that a lenient decoder reads: 8 canonical ones and 6 others."""
    found = []
    for y in (0, 1, P - 1, P, P + 1) + tuple(
            {int.from_bytes(encode(t), "little") & (2**255 - 1) for t in TORSION}):
        for sign_bit in (0, 1):
            data = (y | sign_bit << 255).to_bytes(32, "little")
            if data not in found:
                found.append(data)
    return sorted(found)


def small_order_points():
    a = secret("small")
    key = encode(mul(a, BASE))
    for data in lenient_encodings():
        kind = "canonical" if canonical(data) else "non-canonical"
        r = secret("r" + data.hex())
        big_r = encode(mul(r, BASE))
        message = grind(b"small-order key ", data, big_r, 0)
        case(f"small-order-key-{data.hex()}", message, data, big_r + scalar(r), f"small-order {kind} key")
        message = b"small-order R"
        s = challenge(data, key, message) * a % L
        case(f"small-order-r-{data.hex()}", message, key, data + scalar(s), f"small-order {kind} R")
        # A mixed-order key makes the bare equation hold for R of every small order.
        mixed = encode(add(mul(a, BASE), T8))
        point = decode(data)
        wanted = next(k for k in range(8) if equal(neg(TORSION[k]), point))
        message = grind(b"small-order R, mixed key ", mixed, data, wanted)
        s = challenge(data, mixed, message) * a % L
        case(f"small-order-r-mixed-key-{data.hex()}", message, mixed, data + scalar(s), f"small-order {kind} R")


def non_canonical():
    a, message = secret("non-canonical"), b"non-canonical"
    key, good = encode(mul(a, BASE)), sign(a, secret("non-canonical-r"), message)
    for y in range(P, 2**255):
        for sign_bit in (0, 1):
            data = (y | sign_bit << 255).to_bytes(32, "little")
            case(f"key-y-p-plus-{y - P}-sign-{sign_bit}", message, data, good, "non-canonical key")
            case(f"r-y-p-plus-{y - P}-sign-{sign_bit}", message, key, data + good[32:], "non-canonical R")
    y = next(y for y in range(2, 100) if decode(y.to_bytes(32, "little")) is None)
    off = y.to_bytes(32, "little")
    case("key-not-on-curve", message, off, good, "the key's point does not exist")
    case("r-not-on-curve", message, key, off + good[32:], "the point of R does not exist")


def mixed_order():
    a = secret("mixed")
    plain = encode(mul(a, BASE))
    for order in (1, 2, 4):
        offset = TORSION[order]
        key = encode(add(mul(a, BASE), offset))
        r = secret(f"mixed-r{order}")
        big_r = encode(mul(r, BASE))
        for wanted in range(8):
            message = grind(b"mixed-order key ", key, big_r, wanted)
            case(f"mixed-key-{order}-challenge-{wanted}", message, key, sign(a, r, message, key=key),
                 "holds without cofactor" if wanted * order % 8 == 0 else "holds only with the cofactor")
        for wanted in range(1, 8):
            mixed_r = add(mul(r, BASE), neg(mul(wanted, offset)))
            message = grind(b"mixed-order key and R ", key, encode(mixed_r), wanted)
            case(f"mixed-key-{order}-mixed-r-{wanted}", message, key,
                 sign(a, r, message, key=key, offset=neg(mul(wanted, offset))), "holds without cofactor")
    for order in range(1, 8):
        case(f"mixed-r-{order}", b"mixed-order R", plain,
             sign(a, secret("mixed-r"), b"mixed-order R", offset=TORSION[order]), "holds only with the cofactor")


ordinary()
broken()
small_order_points()
non_canonical()
mixed_order()
print("[\n" + ",\n".join(json.dumps(c) for c in CASES) + "\n]")
