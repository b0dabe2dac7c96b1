"""What the kernels ask of the processor itself, in the words of LLVM, which has an answer for every processor: eight
bytes from any place, one comparison of many bytes, one product of many numbers. Nothing here checks its places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WIDE = 64  # bytes that are compared at once
LANES, HASHES = 16, 8  # permutations, and hashes, of which the minima are taken at once
MINIMA = 32  # minima that are compared at once

_BIT, _32, _64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_BYTES, _NUMBERS = ir.VectorType(ir.IntType(8), WIDE), ir.VectorType(_32, LANES)
_MINIMA = ir.VectorType(ir.IntType(16), MINIMA)


def _at(context: Any, builder: Any, signature: Any, args: Any, which: int, place: Any, kind: Any) -> Any:
    """Where a value of this kind begins in an array (the argument `which`)."""
    data = context.make_array(signature.args[which])(context, builder, args[which]).data
    return builder.bitcast(builder.gep(data, [place]), kind.as_pointer())


def _within(low: int, high: int) -> Callable[[Any, Any], Any]:
    """The code that says of many bytes which are from low to high."""

    def code(builder: Any, many: Any) -> Any:
        first, width = (ir.Constant(_BYTES, [number] * WIDE) for number in (low, high - low))
        return builder.icmp_unsigned("<=", builder.sub(many, first), width)

    return code


def _bits_of(*tests: Callable[[Any, Any], Any]) -> Any:
    """A function of bytes and a place: a bit for each of the WIDE bytes from there on, whether it passes any test."""

    @intrinsic  # type: ignore[untyped-decorator]
    def bits(_: Any, data: Any, place: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            many = builder.load(_at(context, builder, signature, args, 0, args[1], _BYTES), align=1)
            found = tests[0](builder, many)
            for test in tests[1:]:
                found = builder.or_(found, test(builder, many))
            return builder.bitcast(found, _64)

        return types.uint64(data, place), code

    return bits


spaces_at = _bits_of(_within(9, 13), _within(28, 32))  # ASCII white space, as str.isspace has it
leads_at = _bits_of(_within(0xC2, 0xC2), _within(0xE1, 0xE3))  # where other white space may begin
high_at = _bits_of(_within(0x80, 0xFF))  # parts of characters that are not ASCII
firsts_at = _bits_of(_within(0xC0, 0xFF))  # where such a character begins


@intrinsic  # type: ignore[untyped-decorator]
def eight_at(_: Any, data: Any, place: Any) -> Any:
    """The eight bytes from a place on as one number, the first one lowest."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_at(context, builder, signature, args, 0, args[1], _64), align=1)

    return types.uint64(data, place), code


@intrinsic  # type: ignore[untyped-decorator]
def lowest(_: Any, _bits: Any) -> Any:
    """The place of the lowest bit that is set; 64 if there is none."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(_BIT, 0))

    return types.uint64(types.uint64), code


@intrinsic  # type: ignore[untyped-decorator]
def ones(_: Any, _bits: Any) -> Any:
    """How many bits are set."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), code


@intrinsic  # type: ignore[untyped-decorator]
def lessen(_: Any, least: Any, a: Any, b: Any, place: Any, hashes: Any, first: Any) -> Any:
    """least[k] = min(least[k], a[k]*h + b[k] mod 2^32) for LANES k from `place` on and HASHES h from `first` on."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        nowhere = ir.Constant(_NUMBERS, ir.Undefined)
        all_first = ir.Constant(_NUMBERS, [0] * LANES)
        where = [_at(context, builder, signature, args, which, args[3], _NUMBERS) for which in range(3)]
        known, times, plus = (builder.load(one, align=4) for one in where)
        values = [known]
        for i in range(HASHES):
            place = builder.add(args[5], ir.Constant(_64, i))
            one = builder.load(_at(context, builder, signature, args, 4, place, _32))
            one = builder.insert_element(nowhere, one, ir.Constant(_32, 0))
            values.append(builder.add(builder.mul(times, builder.shuffle_vector(one, nowhere, all_first)), plus))
        while len(values) > 1:  # in twos: no minimum waits for more than three others
            pairs = zip(values[::2], values[1::2], strict=False)
            less = [builder.select(builder.icmp_unsigned("<", x, y), x, y) for x, y in pairs]
            values = less + values[len(less) * 2 :]
        builder.store(values[0], where[0], align=4)
        return context.get_dummy_value()

    return types.void(least, a, b, place, hashes, first), code


@intrinsic  # type: ignore[untyped-decorator]
def equal_at(_: Any, least: Any, one: Any, other: Any) -> Any:
    """How many of the MINIMA numbers from one place on are those from another place on, in all rows seen as one."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sides = (_at(context, builder, signature, args, 0, place, _MINIMA) for place in args[1:])
        same = builder.icmp_unsigned("==", *(builder.load(side, align=2) for side in sides))
        return builder.zext(builder.ctpop(builder.bitcast(same, ir.IntType(MINIMA))), _64)

    return types.int64(least, one, other), code
