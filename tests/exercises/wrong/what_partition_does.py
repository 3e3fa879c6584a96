"""Answers to the exercises of *What partition does* that are wrong, and what the check says of each."""

import set_env  # noqa: F401
from tvm import relay

from helpers.registry import DEFAULT_RULES
from helpers.text import main_text, operators


def without(*names):
    return {name: rule for name, rule in DEFAULT_RULES.items() if name not in names}


def counts_both_annotations(mod):
    return sum(name.startswith("annotation.") for name in operators(mod))


def counts_convolutions(mod):
    return operators(mod).count("nn.conv2d")


def counts_hints_of_int8(mod):
    return main_text(mod).count("cast_hint(") - main_text(mod).count('"int16"')


def lists_them(mod):
    return [name for name in operators(mod) if name == "annotation.stop_fusion"]


def never(mod):
    return mod


done = []


def remembers_that_it_ran(mod):
    if done:
        return mod
    done.append(mod)
    return relay.quantize.partition()(mod)


def looks_for_quantized_types(mod):
    if "int8" in relay.analysis.all_dtypes(mod["main"]):
        return mod
    return relay.quantize.partition()(mod)


def forgets_to_return(mod):
    relay.quantize.partition()(mod)


WRONG = {
    "only_convolutions": [
        (without("nn.conv2d"), "without a rule that starts a region there is none"),
        (without("clip", "nn.max_pool2d"), "`nn.relu` stands between a convolution and the end"),
        (without("nn.relu", "add"), "it has other ends: a rule is gone"),
        ({}, "0 end"),
    ],
    "ends": [
        (counts_both_annotations, "gives 4"),
        (counts_convolutions, "gives 2: the sum of two regions"),
        (counts_hints_of_int8, "an end is an end in every dtype"),
        (lists_them, "of class `list`, not `int`"),
    ],
    "once": [
        (never, "otherwise than from `partition`"),
        (remembers_that_it_ran, "that was never partitioned comes back as it was"),
        (looks_for_quantized_types, "4 calls in it are new"),
        (forgets_to_return, "of class `NoneType`, not `IRModule`"),
    ],
}
