import xml.etree.ElementTree as ET

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from helpers.explorer.outcome import partitioned as listened
from helpers.graph import graph
from helpers.networks import to_relay
from helpers.registry import DEFAULT_RULES
from tests.conformance.networks import Fire, InvertedResidual, Residual, SqueezeExcite, TwoResiduals

NASTY = '</title><script>alert("1")</script>&amp;\x00\x1b]]>'


def x(name="x", *shape):
    return relay.var(name, shape=shape or (1, 8))


def constant(*shape):
    return relay.const(np.ones(shape, "float32"))


def function(body):
    return relay.Function(relay.analysis.free_vars(body), body)


def module(body):
    return tvm.IRModule.from_expr(function(body))


def lines(thing, **options):
    return str(graph(thing, **options)).splitlines()


def conv(data, channels=8):
    return relay.nn.conv2d(data, constant(channels, int(data_channels(data)), 3, 3), padding=(1, 1), kernel_size=(3, 3))


def data_channels(data):
    return relay.transform.InferType()(module(data))["main"].ret_type.shape[1]


def partitioned(body):
    with relay.quantize.qconfig(skip_conv_layers=[]):
        return relay.quantize.partition()(relay.transform.InferType()(module(body)))


@pytest.fixture(scope="module")
def stages():
    """A residual block at each stage of the quantizer."""
    stem = relay.nn.relu(conv(x("data", 1, 3, 8, 8)))
    found = {"float": relay.transform.InferType()(module(relay.nn.relu(relay.add(conv(stem), stem))))}
    with relay.quantize.qconfig(skip_conv_layers=[], calibrate_mode="global_scale", global_scale=8.0):
        found["partition"] = relay.quantize.partition()(found["float"])
        found["annotate"] = relay.quantize.annotate()(found["partition"])
        found["calibrate"] = relay.quantize.calibrate()(found["annotate"])
        found["realize"] = relay.quantize.realize()(found["calibrate"])
    found["fuse"] = relay.transform.FuseOps(2)(relay.transform.FoldConstant()(found["realize"]))
    return found


def test_boxes_stand_below_what_they_read():
    branch = relay.exp(x())
    assert lines(module(relay.add(relay.nn.relu(branch), branch))) == [
        "0  %x  1×8 float32",
        "1  exp",
        "2  nn.relu",
        "3  add  ← 2, 1",
        "4  result  1×8 float32",
    ]


def test_constants_are_tucked_away_until_asked_for():
    mod = module(relay.add(relay.nn.relu(x()), relay.exp(constant(1, 8))))
    assert lines(mod)[2] == "2  add  ◆"
    assert "constant, then exp" in graph(mod).model.nodes[2].title
    assert [line.split("  ", 1)[1] for line in lines(mod, constants=True)] == [
        "%x  1×8 float32",
        "nn.relu",
        "constant  1×8 float32",
        "exp",
        "add  ← 1, 3",
        "result  1×8 float32",
    ]


def test_one_number_is_written_in_the_box():
    body = relay.clip(relay.multiply(x(), relay.const(-0.5)), 0.0, 6.0)
    assert lines(module(body))[1:3] == ["1  multiply  ◆ −0.5", "2  clip  0 … 6"]
    assert lines(module(relay.clip(x(), -49152.0, 49152.5)))[1] == "1  clip  −49152 … 4.915e+04"


def test_each_region_is_told():
    chain = relay.nn.relu(conv(relay.nn.relu(conv(x("data", 1, 3, 8, 8)))))
    assert lines(partitioned(chain)) == [
        "    0  %data  1×3×8×8 float32",
        "┃1  1  nn.conv2d  ◆",
        "┃1  2  nn.relu",
        "    3  cast_hint int8, stop_fusion",
        "┃2  4  nn.conv2d  ◆",
        "┃2  5  nn.relu",
        "    6  cast_hint int8, stop_fusion",
        "    7  result  1×8×8×8 float32",
    ]


def test_what_is_used_unrounded_too_is_in_no_region():
    unrounded = conv(x("data", 1, 3, 8, 8))
    hinted = relay.Call(
        relay.op.get("annotation.stop_fusion"),
        [relay.annotation.cast_hint(relay.nn.relu(unrounded), "int8")],
    )
    drawn = graph(module(relay.add(hinted, relay.exp(unrounded))))
    assert {node.op: node.region for node in drawn.model.nodes if node.kind in ("op", "work")} == {
        "nn.conv2d": None,
        "nn.relu": 0,
        "exp": None,
        "add": None,
    }


@pytest.mark.parametrize("network", [Residual, TwoResiduals, Fire, SqueezeExcite, InvertedResidual])
def test_the_regions_are_what_the_default_rules_put_inside(network):
    mod = to_relay(network(), 1, 3, 16, 16)
    after, inside = listened(mod, DEFAULT_RULES)
    found, known = graph(after), graph(after, inside=inside)
    assert found.regions == known.regions > 2
    assert str(found) == str(known)


def test_who_knows_the_regions_says_so(stages):
    calls = []
    relay.analysis.post_order_visit(
        stages["float"]["main"], lambda expr: calls.append(expr) if isinstance(expr, relay.Call) else None
    )
    assert graph(stages["float"], inside=calls).regions == 1
    assert graph(stages["float"]).regions == 0


def test_a_region_keeps_its_number_from_partition_to_realize(stages):
    for stage in ("partition", "calibrate", "realize"):
        drawn = graph(stages[stage])
        assert drawn.regions == 3
        work = [node for node in drawn.model.nodes if node.kind == "work"]
        assert [node.region for node in work] == [0, 1]
        sums = [node for node in drawn.model.nodes if node.op == "add" and not node.marks]
        assert [node.region for node in sums] == [2]


def test_it_shows_where_scales_sit_and_what_they_are(stages):
    assert graph(stages["annotate"]).model.nodes[1].lines == ["simulated_quantize", "input, no scale yet"]
    work = next(node for node in graph(stages["calibrate"]).model.nodes if node.kind == "work")
    assert work.scales == ["◆ weight, 0.007812"]
    assert graph(stages["annotate"]).summary == "5 operators, 6 scales, 3 regions"
    apart = graph(stages["calibrate"], constants=True).model.nodes
    assert sum(node.kind == "scale" for node in apart) == 6


def test_integers_have_other_arrows_and_are_named(stages):
    picture = graph(stages["realize"]).svg()
    assert all(f'class="edge {kind}"' in picture for kind in ("int8", "int", "float"))
    said = [word for line in lines(stages["realize"]) for word in ("→ int32",) if word in line]
    assert len(said) == 2
    assert 'class="edge int8"' not in graph(stages["float"]).svg()


def test_only_a_hint_promises_integers(stages):
    stopped = module(relay.annotation.stop_fusion(relay.nn.relu(x())))
    assert 'class="edge hint"' not in graph(stopped).svg()
    assert "int8 later" in graph(stages["partition"]).svg()


def test_each_primitive_function_is_one_box(stages):
    nodes = graph(stages["fuse"]).model.nodes
    assert {node.kind for node in nodes} == {"input", "fused", "result"}
    assert any(node.lines[:2] == ["nn.conv2d", "nn.relu"] for node in nodes)


@pytest.mark.parametrize("stage", ["float", "partition", "annotate", "calibrate", "realize", "fuse"])
@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_picture_is_a_file_of_its_own(stages, stage, theme, tmp_path):
    path = tmp_path / "network.svg"
    graph(stages[stage]).save(path, theme)
    root = ET.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [child.tag.partition("}")[2] for child in root][:2] == ["title", "desc"]
    assert root[0].text == graph(stages[stage]).summary
    assert root[1].text == str(graph(stages[stage]))
    written = path.read_text(encoding="utf-8")
    assert "href" not in written and "url(" not in written and "var(" not in written
    assert ("prefers-color-scheme" in written) == (theme == "auto")


def test_shapes_are_written_when_asked_for(stages):
    assert "1×8×8×8" in graph(stages["float"], shapes=True).svg()
    assert graph(stages["float"]).svg().count("1×8×8×8") < graph(stages["float"], shapes=True).svg().count("1×8×8×8")
    assert "checked" in graph(stages["float"], shapes=True)._repr_html_()


def test_a_let_an_if_and_calls_of_functions_are_drawn():
    y, inside = relay.var("y", shape=(1, 8)), relay.var("inside", shape=(1, 8))
    helper = relay.GlobalVar("helper")
    closure = relay.Call(relay.Function([inside], relay.add(inside, x_var := x())), [y])
    body = relay.Let(y, relay.exp(x_var), relay.If(relay.const(True), closure, relay.Call(helper, [y])))
    mod = tvm.IRModule({relay.GlobalVar("main"): function(body), helper: function(relay.tanh(x("z")))})
    drawn = graph(mod)
    assert [node.lines[0] for node in drawn.model.nodes] == ["%x", "exp", "add", "@helper", "if", "result"]
    assert drawn.model.nodes[2].operands == [0, 1]


def test_a_function_of_several_results_is_drawn():
    body = relay.Tuple([relay.nn.relu(x()), relay.TupleGetItem(relay.split(x("y", 2, 4), 2, 0).astuple(), 1)])
    assert lines(module(body))[-1] == "6  result  (1×8, 1×4)"


def test_without_types_there_is_still_a_picture():
    broken = function(relay.add(x("a", 2, 3), x("b", 4, 5)))
    assert lines(broken)[2] == "2  add  ← 0, 1"
    assert ET.fromstring(graph(broken).svg()) is not None


def test_names_are_text_and_nothing_else():
    mod = module(relay.nn.relu(x(NASTY)))
    page = graph(mod)._repr_html_()
    assert "<script>" not in page and page.count("<script") == 1
    root = ET.fromstring(graph(mod).svg())
    assert not root.findall(".//{*}script")
    assert any("script" in (text.text or "") for text in root.findall(".//{*}text"))


@pytest.mark.parametrize("thing", [3, "fn", None, relay.const(1.0)])
def test_what_is_no_graph_is_refused_in_a_sentence(thing):
    with pytest.raises(TypeError, match="graph draws a module or a function, and is given a"):
        graph(thing)


def test_a_module_without_main_is_asked_which_function():
    names = [relay.GlobalVar(name) for name in ("f", "g")]
    several = tvm.IRModule({name: function(relay.nn.relu(x())) for name in names})
    with pytest.raises(ValueError, match="has no Relay function main: it has f, g; give one"):
        graph(several)
    with pytest.raises(ValueError, match="it has none"):
        graph(tvm.IRModule())
    assert lines(several["f"])[1] == "1  nn.relu"


def test_a_theme_and_a_file_that_are_none_are_refused(tmp_path):
    drawn = graph(module(relay.nn.relu(x())))
    with pytest.raises(ValueError, match="svg is given theme='blue': give one of auto, light, dark"):
        drawn.svg("blue")
    with pytest.raises(ValueError, match=r"'a\.png': give a name that ends in \.svg"):
        drawn.save("a.png")
