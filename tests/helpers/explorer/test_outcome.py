import itertools
from types import SimpleNamespace

import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.quantize._partition import QPartitionExpr
from tvm.relay.quantize.quantize import _forward_op

from helpers.diff import diff
from helpers.explorer.outcome import called, counts, outcome, partitioned
from helpers.graph import graph
from helpers.registry import DEFAULT_RULES, partition_rules, registered_rules
from tests.helpers.explorer.networks import chain, concatenated, residual, split

NETWORKS = {"chain": chain, "residual": residual, "concatenated": concatenated, "split": split}
CONV, RELU, ADD = (DEFAULT_RULES[name] for name in ("nn.conv2d", "nn.relu", "add"))


def counted(mod, rules=DEFAULT_RULES):
    after, inside = partitioned(mod, rules)
    return tuple(counts(after, inside).values())


def starts(ref_call, new_args, ctx):
    """Starts a region where it stands, whatever was before."""
    return QPartitionExpr(_forward_op(ref_call, new_args))


def fails(ref_call, new_args, ctx):
    raise KeyError("no such <rule>")


@pytest.mark.parametrize(
    ("network", "rules", "expected"),
    [
        # boundaries, regions, operators in int8, operators, bytes crossing in float
        (chain, DEFAULT_RULES, (2, 2, 4, 5, 0)),
        (chain, {"nn.conv2d": CONV}, (2, 2, 2, 5, 4 * 8 * 8 * 4 * 2)),
        (chain, {}, (0, 0, 0, 5, 4 * 8 * 8 * 4 * 4)),
        # Each user ends a region for itself, so the first relu has two ends.
        (residual, DEFAULT_RULES, (4, 3, 5, 5, 0)),
        (concatenated, DEFAULT_RULES, (1, 1, 1, 4, 4 * 8 * 8 * 4 + 8 * 8 * 8 * 4)),
        (split, DEFAULT_RULES, (1, 1, 1, 3, 2 * 2 * 8 * 8 * 4)),
        # A wrapper that a rule leaves in its call ends the region before it.
        (chain, {"nn.conv2d": CONV, "nn.relu": starts}, (4, 4, 4, 5, 0)),
    ],
    ids=["default", "convolutions", "none", "residual", "tuple", "split", "apart"],
)
def test_the_counts_are_those_that_one_finds_by_hand(network, rules, expected):
    assert counted(network(), rules) == expected


def test_what_a_rule_realizes_itself_is_in_a_region():
    def ends(ref_call, new_args, ctx):
        said = RELU(ref_call, new_args, ctx)
        return said.realize() if said is not None else None

    assert counted(chain(), {"nn.conv2d": CONV, "nn.relu": ends}) == (2, 2, 4, 5, 0)


def test_where_a_rule_makes_other_calls_the_regions_are_found_from_their_ends():
    def replaces(ref_call, new_args, ctx):
        return relay.nn.relu(relay.nn.relu(new_args[0].expr)) if isinstance(new_args[0], QPartitionExpr) else None

    mod = chain()
    rules = {"nn.conv2d": CONV, "nn.relu": replaces}
    assert partitioned(mod, rules)[1] is None
    assert outcome(mod, rules)["counts"]["operators in int8"].endswith(" of 7")


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_and_graph_agree_for_every_choice(name):
    mod = NETWORKS[name]()
    for on in itertools.product((False, True), repeat=3):
        rules = {op: DEFAULT_RULES[op] for op, is_on in zip(("nn.conv2d", "nn.relu", "add"), on) if is_on}
        after, inside = partitioned(mod, rules)
        assert counts(after, inside)["regions"] == graph(after, inside=inside).regions


def test_the_outcome_is_what_partition_makes():
    mod = chain()
    with partition_rules({"nn.conv2d": CONV}):
        after = relay.quantize.partition()(mod)
    found = outcome(mod, {"nn.conv2d": CONV})
    assert found["counts"] == {
        "boundaries": "2",
        "regions": "2",
        "operators in int8": "2 of 5",
        "bytes crossing in float": "2,048",
    }
    assert found["diff"] == diff(mod, after)._repr_html_()
    assert "region 2" in found["graph"] and "region 3" not in found["graph"]


def test_bytes_are_not_known_where_a_shape_is_not(monkeypatch):
    class Any:
        """As `relay.Any()` of Relays that have it: no number."""

    def of_any_batch(ty):
        return bytes_of(SimpleNamespace(shape=[Any(), *ty.shape[1:]], dtype=ty.dtype))

    bytes_of = outcome.__globals__["_bytes"]
    monkeypatch.setitem(outcome.__globals__, "_bytes", of_any_batch)
    assert outcome(chain(), {})["counts"]["bytes crossing in float"] == "not known"


def test_a_failing_rule_is_an_outcome_and_the_rules_are_as_they_were():
    before = registered_rules()
    found = outcome(chain(), {"nn.relu": fails})
    assert list(found) == ["error"]
    assert found["error"].startswith("KeyError:")
    assert "no such <rule>" in found["error"] and "heard" not in found["error"]
    assert registered_rules() == before


def test_a_rule_that_returns_something_else_is_named():
    assert "returns_text" in outcome(chain(), {"nn.relu": lambda_named("returns_text")})["error"]


def lambda_named(name):
    def rule(ref_call, new_args, ctx):
        return "int8"

    rule.__qualname__ = rule.__name__ = name
    return rule


def test_operators_are_listed_once():
    assert called(chain()) == ["nn.avg_pool2d", "nn.conv2d", "nn.relu"]
