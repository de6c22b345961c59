"""Frames that Hypothesis makes from the protocol's own types, and what bytes may become on their way."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from msgspec.inspect import (
    BoolType,
    IntType,
    ListType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from handlers.auth import Identity
from handlers.methods import METHODS
from handlers.work import AUTH
from tests.client import Json

IDS = st.integers(0, 8) | st.integers(0, 2**63 - 1)
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def values(kind: Type) -> st.SearchStrategy[Json]:
    """What a parameter may be."""
    match kind:
        case IntType():
            return IDS
        case StrType(pattern=str() as pattern):
            return st.from_regex(pattern.replace(r"\Z", "$"))
        case StrType(max_length=64):  # a key
            return st.from_regex(r"[!-~]{1,64}", fullmatch=True)
        case StrType():
            return st.text(min_size=1, max_size=30)
        case BoolType():
            return st.booleans()
        case NoneType():
            return st.none()
        case LiteralType():
            return st.sampled_from(kind.values)
        case ListType():
            return st.lists(values(kind.item_type), max_size=5)
        case UnionType():
            return st.one_of([values(one) for one in kind.types])
    raise NotImplementedError(kind)


def params(struct: type[Any]) -> st.SearchStrategy[list[Json]]:
    """Parameters that are right, and as many that are wrong in a place or in their number."""
    kind = type_info(struct)
    assert isinstance(kind, StructType)
    right = st.tuples(*[values(field.type) for field in kind.fields]).map(list)
    wrong = st.tuples(*[values(field.type) | ANYTHING for field in kind.fields]).map(list)
    return right | st.builds(lambda some, size: some[:size], right | wrong, st.integers(0, 4)) | wrong


PARAMS = {name: [params(struct) for struct in by_role.values()] for name, by_role in METHODS.items()}
METHOD_NAMES = st.sampled_from(sorted(METHODS))
FRAME: st.SearchStrategy[Json] = METHOD_NAMES.flatmap(
    lambda name: st.fixed_dictionaries({"method": st.just(name), "params": st.one_of(PARAMS[name])})
)
WRONG_FRAME: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"method": METHOD_NAMES | st.text(max_size=10) | ANYTHING, "params": ANYTHING},
    optional={"id": ANYTHING, "more": ANYTHING},
)
AGAIN: st.SearchStrategy[Json] = st.fixed_dictionaries({"method": st.just(AUTH), "params": params(Identity)})


def draw(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Drawn in lists of a hundred; the same every time."""
    drawn: list[Any] = []

    @seed(7)
    @settings(max_examples=count // 100 + 1, database=None, deadline=None, suppress_health_check=[*HealthCheck])
    @given(st.lists(strategy, min_size=100, max_size=100))
    def collect(some: list[Any]) -> None:
        drawn.extend(some)

    collect()
    return drawn[:count]


WORDS = [b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"1e999", b"-", b"9" * 30, b"\\ud800"]
WORDS += [b"\\u0000", b" ", b"\t", b"\n", b"\r\n", b"\0", b"id", b"method", b"'", b"%", b"secret"]
WORDS += [word.encode() for word in ("ё", "😀", "\u202e")]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One to three small changes: a byte, a cut, a repetition, a word put in."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.choice((1, 1, 2, 5, 20)))
        match chance.randrange(5):
            case 0:
                changed[start:end] = chance.randbytes(end - start)
            case 1:
                del changed[start:end]
            case 2:
                changed[start:start] = changed[start:end] * chance.choice((1, 2, 20))
            case 3:
                changed[start:start] = chance.choice(WORDS)
            case 4:
                changed[start:end] = chance.choice(WORDS)
    return bytes(changed)


def frames(bases: int, variants: int) -> Iterator[bytes]:
    """Texts of frames without end: as they were drawn, then `variants` of each with bytes changed.

    Few of them close the connection, with everything behind them: those that are no UTF-8, and log-ins.
    """
    drawn, again = draw(st.one_of(FRAME, FRAME, FRAME, WRONG_FRAME), bases), draw(AGAIN, bases // 10 + 1)
    chance = random.Random(7)
    while True:
        for number, request in enumerate(drawn):
            whole = msgspec.json.encode({"id": number} | request)
            yield whole
            for _ in range(variants):
                changed = mutate(whole, chance)
                yield changed if chance.random() < 0.001 else changed.decode(errors="replace").encode()
            if number % 10 == 0:
                yield msgspec.json.encode({"id": f"again {number}"} | again[number // 10])
