"""Answers to the exercises of *From PyTorch to Relay* that are wrong, and what the check says of each."""

import re
from collections import Counter

import set_env  # noqa: F401
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.text import main_text, operators


def layers(*chosen):
    torch.manual_seed(0)
    network = nn.Sequential(*chosen)
    with torch.no_grad():
        network(torch.rand(16, 3, 12, 12))
    return network


def finds_names_in_the_text(mod):
    text = main_text(mod)
    return {name: text.count(f"{name}(") for name in set(operators(mod))}


def takes_each_name_once(mod):
    return Counter(set(operators(mod)))


def follows_the_arguments(mod):
    found = Counter()

    def walk(expr):
        if isinstance(expr, relay.Call):
            found[str(expr.op.name)] += 1
            for arg in expr.args:
                walk(arg)

    walk(mod["main"].body)
    return found


def takes_everything_for_a_call(mod):
    found = Counter()
    relay.analysis.post_order_visit(mod["main"], lambda expr: found.update([expr.op.name]))
    return found


def in_total(mod):
    return len(re.findall(r"\(", main_text(mod)))


PASSES = [relay.transform.SimplifyInference(), relay.transform.FoldConstant(), relay.transform.FoldScaleAxis()]


def forgets_the_level(mod):
    return tvm.transform.Sequential(PASSES)(mod)


def the_other_way_round(mod):
    with tvm.transform.PassContext(opt_level=3):
        return tvm.transform.Sequential(PASSES[::-1])(mod)


def without_the_first(mod):
    with tvm.transform.PassContext(opt_level=3):
        return tvm.transform.Sequential(PASSES[1:])(mod)


def does_all_of_the_prerequisites(mod):
    with tvm.transform.PassContext(opt_level=3):
        return relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(mod["main"]))


def gives_the_pass(mod):
    return tvm.transform.Sequential(PASSES)


WRONG = {
    "order": [
        (layers(nn.MaxPool2d(2), nn.Conv2d(3, 8, 3)), "there is Conv2d, MaxPool2d"),
        (
            layers(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.ReLU(), nn.BatchNorm2d(8)),
            "BatchNorm2d, Conv2d, MaxPool2d, R",
        ),
        (layers(nn.Conv2d(3, 8, 3, bias=False), nn.MaxPool2d(3), nn.BatchNorm2d(8)), "what stands between"),
    ],
    "calls": [
        (finds_names_in_the_text, "of one call of each, `calls` gives"),
        (takes_each_name_once, "'nn.conv2d': 1"),
        (follows_the_arguments, "gives 2 for a relu that stands there once"),
        (takes_everything_for_a_call, "the answer raised AttributeError"),
        (in_total, "of class `int`, not `Mapping`"),
    ],
    "fold": [
        (forgets_the_level, "a pass runs only at its own `opt_level`"),
        (the_other_way_round, "there is `sqrt`"),
        (without_the_first, "there is one"),
        (does_all_of_the_prerequisites, "has nothing to do with a batch norm"),
        (gives_the_pass, "of class `Sequential`, not `IRModule`"),
    ],
}
