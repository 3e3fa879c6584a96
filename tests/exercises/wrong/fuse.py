"""Answers to the exercises of *Fuse* that are wrong, and what the check says of each."""

import set_env  # noqa: F401
import tvm
from tvm import relay

stop = relay.annotation.stop_fusion


def enlarging(before=lambda x: x, small=lambda x: x, large=lambda x: x, last=relay.tanh):
    x = relay.var("x", shape=(1, 4, 8, 8))
    positive = small(relay.nn.relu(before(x)))
    larger = large(relay.image.resize2d(positive, size=(16, 16), method="nearest_neighbor"))
    return tvm.IRModule.from_expr(relay.Function([x], last(larger)))


def mutated(mod, visit):
    class Mutator(relay.ExprMutator):
        def visit_call(self, call):
            return visit(super().visit_call(call))

    return relay.transform.InferType()(tvm.IRModule.from_expr(Mutator().visit(mod["main"])))


def is_convolution(call):
    return call.op == relay.op.get("nn.conv2d")


def stops_in_front(mod):
    def visit(call):
        if not is_convolution(call):
            return call
        return relay.Call(call.op, [stop(call.args[0]), call.args[1]], call.attrs)

    return mutated(mod, visit)


def stops_behind_everything(mod):
    return mutated(mod, stop)


def forgets_the_attributes(mod):
    def visit(call):
        if not is_convolution(call):
            return call
        data, weight = call.args
        return stop(relay.nn.conv2d(data, weight, padding=(1, 1), strides=call.attrs.strides, dilation=(1, 1)))

    def dropped(call):
        return call.args[0] if call.op == relay.op.get("sigmoid") else visit(call)

    return mutated(mod, dropped)


def only_the_first(mod):
    seen = []

    def visit(call):
        if not is_convolution(call) or seen:
            return call
        seen.append(call)
        return stop(call)

    return mutated(mod, visit)


def fuses_itself(mod):
    return relay.transform.FuseOps(0)(mod)


def gives_the_function(mod):
    return mod["main"]


def first_reader(users):
    return {name: readers[0] if readers else None for name, readers in users.items()}


def last_reader(users):
    return {name: max(readers, key=list(users).index) if readers else None for name, readers in users.items()}


def always_the_result(users):
    *others, result = users
    return {**dict.fromkeys(others, result), result: None}


def two_steps_are_enough(users):
    def of(name):
        readers = users[name]
        if len(readers) < 2:
            return readers[0] if readers else None
        return next((each for reader in readers for each in users[reader]), None)

    return {name: of(name) for name in users}


def wherever_two_meet(users):
    def reached(name):
        return {name}.union(*(reached(reader) for reader in users[name]))

    def of(name):
        sets = [reached(reader) for reader in users[name]]
        met = [each for each in users if sum(each in found for found in sets) >= min(2, len(sets))]
        return met[0] if met and sets else None

    return {name: of(name) for name in users}


WRONG = {
    "where_to_stop": [
        (enlarging(large=stop), "4096 bytes are"),
        (enlarging(small=stop, large=stop), "it becomes 3"),
        (enlarging(before=stop), "it becomes 1"),
        (enlarging(small=stop, last=lambda x: x), "they compute nn.relu, image.resize2d"),
    ],
    "convolutions_alone": [
        (stops_in_front, "one kernel computes nn.conv2d, add, nn.relu"),
        (stops_behind_everything, "kernels more than it takes"),
        (forgets_the_attributes, "its result is another one"),
        (only_the_first, "one kernel computes nn.conv2d, add"),
        (fuses_itself, "kernels more than it takes"),
        (gives_the_function, "of class"),
    ],
    "meeting": [
        (first_reader, "that of exp is not tanh"),
        (last_reader, "that of exp is not"),
        (always_the_result, "that of a is not c"),
        (two_steps_are_enough, "is not"),
        (wherever_two_meet, "that of a is not e"),
    ],
}
