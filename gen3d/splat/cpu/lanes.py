"""Eight float32 side by side, as a type of numba's: what a vector register holds, said instead of hoped for.

A loop over eight lanes becomes vector instructions only if the compiler sees fit to; an `Eight` is one LLVM vector from
the start, whatever stands around it. `+ - * /` take two of them, or one and a float32 for all lanes; comparisons give a
`Which`, eight truths; `min` and `max` give their second argument where one is NaN. Products and sums may be fused, as
everywhere in these kernels.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

FLOAT, INT32 = ir.FloatType(), ir.IntType(32)
VECTOR, TRUTHS = ir.VectorType(FLOAT, 8), ir.VectorType(ir.IntType(1), 8)
FUSED = ("contract",)


class Eight(types.Type):
    """The type of eight float32."""

    def __init__(self) -> None:
        super().__init__("eight")


class Which(types.Type):
    """The type of eight truths."""

    def __init__(self) -> None:
        super().__init__("which")


eight, which = Eight(), Which()


@register_model(Eight)
class _EightModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, VECTOR)


@register_model(Which)
class _WhichModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, TRUTHS)


def _shuffled(builder, values, lanes):
    """Those lanes of a vector, as a vector."""
    lanes = ir.Constant(ir.VectorType(INT32, len(lanes)), [INT32(k) for k in lanes])
    return builder.shuffle_vector(values, ir.Constant(values.type, ir.Undefined), lanes)


def _wide(builder, kind, value):
    """An argument as a vector: a single number in all lanes."""
    if isinstance(kind, Eight | Which):
        return value
    return _shuffled(builder, builder.insert_element(ir.Constant(VECTOR, ir.Undefined), value, INT32(0)), [0] * 8)


def _each(kinds):
    """The types that arguments are taken as: vectors as they are, any number as float32."""
    return (kind if isinstance(kind, Eight | Which) else types.float32 for kind in kinds)


def _means(symbol: Callable, emit: Callable, result: types.Type = eight, of: type = Eight) -> None:
    """Lets an operator, or a function, mean what emit(builder, *arguments) writes where an argument is of that kind."""

    @infer_global(symbol)
    class _Typed(AbstractTemplate):
        def generic(self, args, kws):
            return signature(result, *_each(args)) if any(isinstance(arg, of) for arg in args) else None

    for kinds in ((of,), (of, of), (of, types.float32), (types.float32, of)):

        @lower_builtin(symbol, *kinds)
        def _lowered(context, builder, signature, args):
            return emit(builder, *(_wide(builder, *both) for both in zip(signature.args, args, strict=True)))


def _of_llvm(name: str) -> Callable:
    """One of LLVM's own functions of a vector."""

    def emit(builder, a):
        kind = ir.FunctionType(VECTOR, [VECTOR])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v8f32"), [a])

    return emit


_means(operator.add, lambda to, a, b: to.fadd(a, b, flags=FUSED))
_means(operator.sub, lambda to, a, b: to.fsub(a, b, flags=FUSED))
_means(operator.mul, lambda to, a, b: to.fmul(a, b, flags=FUSED))
_means(operator.truediv, lambda to, a, b: to.fdiv(a, b, flags=FUSED))
_means(operator.neg, lambda to, a: to.fneg(a))
_means(operator.gt, lambda to, a, b: to.fcmp_ordered(">", a, b), which)
_means(operator.ge, lambda to, a, b: to.fcmp_ordered(">=", a, b), which)
_means(operator.le, lambda to, a, b: to.fcmp_ordered("<=", a, b), which)
_means(operator.eq, lambda to, a, b: to.fcmp_ordered("==", a, b), which)
_means(operator.and_, lambda to, a, b: to.and_(a, b), which, Which)
_means(math.sqrt, _of_llvm("sqrt"))
_means(abs, _of_llvm("fabs"))
_means(min, lambda to, a, b: to.select(to.fcmp_ordered("<", a, b), a, b))
_means(max, lambda to, a, b: to.select(to.fcmp_ordered(">", a, b), a, b))


@intrinsic
def but_not(typingctx, a, b):
    """Where the first is true and the second is not."""
    return which(a, b), lambda context, builder, signature, args: builder.and_(args[0], builder.not_(args[1]))


@intrinsic
def choose(typingctx, where, a, b):
    """`a` where it is true, else `b`; one of them may be a single number."""

    def codegen(context, builder, signature, args):
        wide = (_wide(builder, *both) for both in zip(signature.args[1:], args[1:], strict=True))
        return builder.select(args[0], *wide)

    return eight(where, *_each((a, b))), codegen


@intrinsic
def all_lanes(typingctx, number):
    """That number eight times."""
    return eight(types.float32), lambda context, builder, signature, args: _wide(builder, None, args[0])


@intrinsic
def places(typingctx):
    """0, 1, ... 7."""
    return eight(), lambda context, builder, signature, args: ir.Constant(VECTOR, [FLOAT(k) for k in range(8)])


@intrinsic
def total(typingctx, a):
    """The sum of the eight, in three folds of their vector; taken out of it one by one they would cost far more."""

    def codegen(context, builder, signature, args):
        (values,) = args
        for half in (4, 2, 1):
            low, high = (_shuffled(builder, values, range(k, k + half)) for k in (0, half))
            values = builder.fadd(low, high)
        return builder.extract_element(values, INT32(0))

    return types.float32(eight), codegen


def _address(context, builder, kind, floats, i):
    """Where eight floats of a flat array, or behind a pointer, begin."""
    data = floats if isinstance(kind, types.CPointer) else context.make_array(kind)(context, builder, floats).data
    return builder.bitcast(builder.gep(data, [i]), VECTOR.as_pointer())


@intrinsic
def take(typingctx, floats, i):
    """floats[i : i + 8] of a contiguous array or a pointer."""

    def codegen(context, builder, signature, args):
        return builder.load(_address(context, builder, signature.args[0], *args), align=4)

    return eight(floats, types.uint64), codegen


@intrinsic
def put(typingctx, floats, i, values):
    """floats[i : i + 8] = values."""

    def codegen(context, builder, signature, args):
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(floats, types.uint64, eight), codegen
