"""Three operations of the kernels that numba does not offer, each a few lines of LLVM."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

FLOAT, INT32, INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)


@intrinsic(prefer_literal=True)
def stack_floats(typingctx, n):
    """A pointer to `n` (a literal) float32 on the stack: memory that provably has no second name."""

    def codegen(context, builder, signature, args):
        memory = cgutils.alloca_once(builder, ir.ArrayType(FLOAT, n.literal_value))
        memory.align = 64
        return builder.bitcast(memory, FLOAT.as_pointer())

    return types.CPointer(types.float32)(n), codegen


@intrinsic
def prefetch(typingctx, rows, i):
    """Asks for the cache line at rows[i, 0], so that it is there when it is needed a little later."""

    def codegen(context, builder, signature, args):
        array = context.make_array(rows)(context, builder, args[0])
        zero = context.get_constant(types.intp, 0)
        address = cgutils.get_item_pointer(context, builder, rows, array, [args[1], zero])
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
        to_read, keep, of_values = INT32(0), INT32(3), INT32(1)
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [builder.bitcast(address, byte), to_read, keep, of_values])
        return context.get_dummy_value()

    return types.void(rows, types.intp), codegen


@intrinsic
def next_ticket(typingctx, tickets):
    """tickets[0] before it is raised by one: no two threads get the same."""

    def codegen(context, builder, signature, args):
        array = context.make_array(tickets)(context, builder, args[0])
        return builder.atomic_rmw("add", array.data, INT64(1), "monotonic")

    return types.int64(tickets), codegen
