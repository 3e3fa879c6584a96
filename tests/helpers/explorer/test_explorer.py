import gzip
import itertools
import json
import re
import statistics
import time

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from helpers.explorer import explorer
from helpers.explorer.combinations import combinations
from helpers.explorer.outcome import outcome
from helpers.registry import DEFAULT_RULES, registered_rules
from tests.helpers.explorer.networks import chain, conv, data, module, residual


def unpacked(stored, number):
    """What explorer.js puts together."""
    found = stored["outcomes"][number]
    drawn = {
        name: "".join(stored["pieces"][at] for at in value) for name, value in found.items() if isinstance(value, list)
    }
    return {**found, **drawn}


def loops():
    placeholder = tvm.te.placeholder((4,), "float32")
    return tvm.IRModule(
        {"main": tvm.te.create_prim_func([placeholder, tvm.te.compute((4,), lambda i: placeholder[i])])}
    )


def fails(ref_call, new_args, ctx):
    raise ValueError("cannot")


def test_what_is_stored_is_what_python_computes_for_every_choice():
    networks = {"chain": chain(), "residual": residual()}
    stored = combinations(networks, DEFAULT_RULES)
    assert stored["networks"]["residual"]["rules"] == ["add", "nn.conv2d", "nn.relu"]
    for name, mod in networks.items():
        present, choices = stored["networks"][name].values()
        assert len(choices) == 2 ** len(present)
        for number, on in zip(choices, itertools.product((False, True), repeat=len(present))):
            rules = {op: DEFAULT_RULES[op] for op, is_on in zip(present, on) if is_on}
            assert unpacked(stored, number) == outcome(mod, rules)


def test_an_outcome_and_a_piece_of_text_are_stored_once():
    stored = combinations({"one": chain(), "the same": chain()}, DEFAULT_RULES)
    # Without a convolution's rule nothing starts a region.
    assert stored["networks"]["one"]["choices"] == [0, 0, 1, 2]
    assert stored["networks"]["the same"] == stored["networks"]["one"]
    assert len(stored["pieces"]) == len(set(stored["pieces"]))


def test_a_page_with_a_residual_network_is_small():
    page = explorer({"residual": residual(), "chain": chain()}).html()
    assert len(gzip.compress(page.encode())) < 30_000


def test_too_many_rules_for_a_page_are_one_sentence():
    x = data()
    body = x
    unary = ["exp", "log", "sqrt", "tanh", "sigmoid", "abs", "ceil", "floor", "negative", "sign", "round"]
    for name in unary:
        body = getattr(relay, name)(body)
    rules = dict.fromkeys(unary, DEFAULT_RULES["nn.relu"])
    with pytest.raises(ValueError, match="calls 11 operators that have rules: for a page give one with 10 at most"):
        combinations({"deep": module(body, x)}, rules)


def test_names_that_hold_a_script_stay_text():
    x = data("a</script><script>alert(1)</script>")
    page = explorer({"<b>& a</script>": module(conv(x), x)}, name="safe").html()
    assert page.count("<script") == page.count("</script>") == 2
    assert "<b>&" not in page and "&lt;b&gt;&amp;" in page and "alert(1)</script>" not in page
    text = re.search(r'id="safe-data">(.*?)</script>', page)[1]
    assert list(json.loads(text)["networks"]) == ["<b>& a</script>"]
    assert "<script>alert" not in "".join(json.loads(text)["pieces"])


def test_the_name_of_a_network_commands_no_terminal():
    told = repr(explorer({"esc\x1b[31m\n": chain()}, {"nn.relu": DEFAULT_RULES["nn.relu"]}))
    assert told.startswith("esc\\x1b[31m\\n: boundaries")
    assert "\x1b" not in told


def test_the_page_and_the_widget_begin_with_what_is_chosen():
    shown = explorer({"one": chain(), "two": residual()}, off=["nn.relu"])
    assert shown.chosen == {"network": "one", "off": ["nn.relu"]}
    assert '"chosen":{"network":"one","off":["nn.relu"]}' in shown.html()
    assert shown.widget().outcome["chosen"] == shown.chosen


def test_a_choice_in_the_widget_is_answered_and_the_registry_is_as_it_was():
    before = registered_rules()
    networks = {"chain": chain(), "residual": residual()}
    widget = explorer(networks).widget()
    widget.chosen = {"network": "residual", "off": ["add"]}
    rules = {name: rule for name, rule in DEFAULT_RULES.items() if name != "add"}
    assert widget.outcome == {**outcome(networks["residual"], rules), "chosen": widget.chosen}
    assert registered_rules() == before


def test_a_failing_rule_answers_with_its_message_alone():
    widget = explorer({"chain": chain()}, {"nn.relu": fails}, off=["nn.relu"]).widget()
    assert "counts" in widget.outcome
    widget.chosen = {"network": "chain", "off": []}
    assert set(widget.outcome) == {"error", "chosen"}
    assert "cannot" in widget.outcome["error"]


def test_a_choice_is_answered_in_under_a_tenth_of_a_second():
    widget = explorer({"residual": residual()}).widget()
    seconds = []
    for at in range(9):
        began = time.perf_counter()
        widget.chosen = {"network": "residual", "off": ["add", "nn.relu"][: at % 3]}
        seconds.append(time.perf_counter() - began)
    assert statistics.median(seconds) < 0.1


def test_in_a_notebook_it_is_a_widget_and_on_a_page_html(monkeypatch):
    shown = explorer({"chain": chain()})
    bundle = shown._repr_mimebundle_()
    live = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in live and "text/html" not in live
    assert live["text/plain"].startswith("chain: boundaries: 2, regions: 2,")
    monkeypatch.setenv("RELAY_BOOK_PAGE", "1")
    assert set(shown._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_network_without_types_gets_them():
    x = data()
    untyped = tvm.IRModule.from_expr(relay.Function([x], relay.nn.relu(conv(x))))
    assert "operators in int8: 2 of 2" in repr(explorer({"untyped": untyped}))


def test_the_rules_are_those_that_are_registered():
    assert list(explorer({"chain": chain()}).rules) == list(DEFAULT_RULES)
    assert list(explorer({"chain": chain()}, {"nn.relu": fails}).rules) == ["nn.relu"]
    assert "cannot" in repr(explorer({"chain": chain()}, {"nn.relu": fails}))


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        (chain, {}, "takes networks by their names, not an IRModule: give {name: …}"),
        (lambda: {"it": chain()["main"]}, {}, "the network 'it' is a Function: give a module"),
        (lambda: {1: chain()}, {}, "a network is called 1: give it a name that is a text"),
        (lambda: {"it": loops()}, {}, "the main of the network 'it' is a PrimFunc: give one of Relay"),
        (lambda: {"it": chain()}, {"rules": ["nn.relu"]}, "takes rules by their operators, not a list"),
        (
            lambda: {"it": chain()},
            {"off": "nn.relu"},
            "the names of rules to begin off, not one text: give off=['nn.relu']",
        ),
    ],
)
def test_something_that_is_no_network_is_one_sentence(networks, options, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        explorer(networks(), **options)


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        (dict, {}, "is given no network"),
        (lambda: {"it": tvm.IRModule()}, {}, "the network 'it' has no function main"),
        (lambda: {"it": chain()}, {"rules": {}}, "has no rule to switch"),
        (lambda: {"it": chain()}, {"off": ["nn.dense"]}, "'nn.dense' off, which has no rule"),
        (lambda: {"it": chain()}, {"name": "two words"}, "is named 'two words': use a letter"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(networks, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        explorer(networks(), **options)
