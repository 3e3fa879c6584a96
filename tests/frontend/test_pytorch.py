"""Traced and scripted networks, as Relay, against PyTorch."""

import inspect

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tvm import relay
from tvm.relay.frontend.pytorch_convert import table

IMAGE = (1, 3, 8, 8)


def traced(network, *examples):
    return torch.jit.trace(network.eval(), examples or (torch.randn(IMAGE),), check_trace=False)


def run(mod, params, *inputs):
    """What the imported network gives on the inputs that it uses, as a list of arrays."""
    result = relay.create_executor("debug", mod=mod).evaluate()(*inputs, **params)
    return [item.numpy() for item in result] if hasattr(result, "__len__") else [result.numpy()]


def main_text(network, infos=None, **options):
    mod, _ = relay.frontend.from_pytorch(network, infos or [("data", IMAGE)], **options)
    return str(mod["main"])


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        nn.init.uniform_(self.norm.running_mean, -0.2, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)))


def check(network, *shapes):
    """Trace and script give what PyTorch gives."""
    torch.manual_seed(0)
    examples = tuple(torch.randn(shape) for shape in shapes or (IMAGE,))
    infos = [(f"x{at}", tuple(example.shape)) for at, example in enumerate(examples)]
    with torch.no_grad():
        want = network.eval()(*examples)
    want = [item.numpy() for item in (want if isinstance(want, tuple | list) else [want])]
    for imported in (traced(network, *examples), torch.jit.script(network)):
        mod, params = relay.frontend.from_pytorch(imported, infos)
        got = run(mod, params, *(example.numpy() for example in examples))
        for mine, theirs in zip(got, want, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_block_gives_what_pytorch_gives():
    check(Block())


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 6, 2, padding="same"),
        nn.Conv2d(3, 6, 3, groups=3, stride=2),
        nn.GELU(approximate="tanh"),
        nn.LayerNorm([8, 8]),
        nn.LayerNorm(8, elementwise_affine=False),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.GroupNorm(1, 3),
        nn.Mish(),
        nn.Hardshrink(),
        nn.Softshrink(),
        nn.PixelUnshuffle(2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.AvgPool2d(2, divisor_override=3),
        nn.ZeroPad2d((-1, 2, 0, 1)),
    ],
    ids=lambda layer: str(layer).splitlines()[0],
)
def test_layers_where_relays_own_importer_fails_or_is_wrong(layer):
    check(layer)


class Wrong(nn.Module):
    """Options that Relay's own importer does not see."""

    def forward(self, x: Tensor, y: Tensor):
        return (
            torch.add(x, y, alpha=2),
            torch.div(x, 0.3, rounding_mode="floor"),
            torch.div(x, 0.3, rounding_mode="trunc"),
            x.var(),
            (x > 0).sum().float(),
            x.squeeze(1),
        )


def test_no_option_is_lost():
    check(Wrong(), IMAGE, IMAGE)


class Unrolled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rounds, self.conv = 3, nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        for index in range(self.rounds):
            x = F.relu(self.conv(x), inplace=True) * (index + 1)
        y = torch.relu(x)
        y.add_(1)
        if y.dim() != 4:
            raise ValueError("an image is wanted")
        return F.dropout(y.view(y.size(0), -1), 0.2, self.training)


def test_a_script_is_read_with_its_loops_and_branches():
    check(Unrolled())


def test_a_loop_has_its_parameters_once():
    _, params = relay.frontend.from_pytorch(torch.jit.script(Unrolled().eval()), [("data", IMAGE)])
    assert sorted(params) == ["aten::conv2d_0.bias", "aten::conv2d_0.weight"]


class DataDependent(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 0:
            return x
        return x + 1


def test_control_flow_on_the_data_is_refused_with_its_place():
    with pytest.raises(ValueError, match=r"depends on the data.*aten::Bool.*test_pytorch.py:\d+"):
        relay.frontend.from_pytorch(torch.jit.script(DataDependent()), [("data", IMAGE)])


# Names


def test_names_come_from_operators_and_their_number():
    _, params = relay.frontend.from_pytorch(traced(Block()), [("data", IMAGE)])
    assert set(params) == {
        *("aten::_convolution_0.weight", "aten::_convolution_0.bias", "aten::batch_norm_0.weight"),
        *("aten::batch_norm_0.bias", "aten::batch_norm_0.running_mean", "aten::batch_norm_0.running_var"),
    }


def test_friendly_names_have_no_dots_and_only_the_last_word():
    _, params = relay.frontend.from_pytorch(traced(Block()), [("data", IMAGE)], use_parser_friendly_name=True)
    assert "aten___convolution_0_weight" in params
    assert "aten__batch_norm_0_mean" in params


def test_names_of_modules():
    text = main_text(traced(Block()), preserve_pytorch_scopes=True)
    assert "%conv.weight: Tensor[(4, 3, 3, 3), float32] /* span=conv.weight:0:0 */" in text
    assert "nn.relu(%3)" in text


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(nn.Sequential(Block()), nn.Upsample(scale_factor=2))

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(x)


def test_names_of_inner_modules_stay_in_a_second_import():
    network = traced(Nested())
    first, second = (
        relay.frontend.from_pytorch(network, [("data", IMAGE)], preserve_pytorch_scopes=True)[1] for _ in "12"
    )
    assert set(first) == set(second)
    assert "stages.0.0.conv.weight" in first


def test_submodules_of_scripts_and_their_calls_of_functions():
    check(Nested())


class TwoScales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a_scale, self.b_scale = nn.Parameter(torch.tensor([2.0])), nn.Parameter(torch.tensor([3.0]))

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.a_scale * self.b_scale)


def test_two_parameters_never_share_a_name():
    mod, params = relay.frontend.from_pytorch(
        traced(TwoScales(), torch.ones(2)), [("x", (2,))], use_parser_friendly_name=True
    )
    assert len(params) == 2
    np.testing.assert_allclose(run(mod, params, np.ones(2, "float32"))[0], [6.0, 6.0])


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.a(x))


def test_a_parameter_in_two_places_is_one_array():
    _, params = relay.frontend.from_pytorch(traced(Tied(), torch.ones(1, 4)), [("x", (1, 4))])
    first, second = params.values()
    assert first.same_as(second)


def test_parameters_are_copied():
    network = nn.Linear(2, 2, bias=False)
    _, params = relay.frontend.from_pytorch(traced(network, torch.ones(1, 2)), [("x", (1, 2))])
    before = params["aten::linear_0.weight"].numpy()
    with torch.no_grad():
        network.weight.zero_()
    np.testing.assert_array_equal(params["aten::linear_0.weight"].numpy(), before)
    assert before.any()


class InLists(nn.Module):
    def forward(self, x: Tensor, y: Tensor):
        return torch.cat([x, y], 1) + torch.cat([y, x], 1), torch.relu(x)


def test_an_input_that_is_first_seen_in_a_list_stays_one_variable():
    mod, _ = relay.frontend.from_pytorch(
        traced(InLists(), torch.ones(1, 2), torch.ones(1, 2)), [("x", (1, 2)), ("y", (1, 2))]
    )
    assert [param.name_hint for param in mod["main"].params] == ["x", "y"]


# Inputs and outputs


def test_inputs_come_first_and_in_their_order():
    class Late(nn.Module):
        def forward(self, x, y, unused):
            return torch.relu(y) + x

    mod, _ = relay.frontend.from_pytorch(
        traced(Late(), *(torch.ones(2) for _ in range(3))), [(name, (2,)) for name in ("x", "y", "unused")]
    )
    assert [param.name_hint for param in mod["main"].params] == ["x", "y"]


@pytest.mark.parametrize(
    ("function", "tail"),
    [
        (lambda x: (x + 1, [x * 2, x]), "(%1, %2)"),
        (lambda x: ((x + 1, x * 2), x), "(%0, %1, %x)"),
        (lambda x: (x + 1,), "add(%x, 1f"),
        (lambda x: {"a": x + 1, "b": x * 2}, "(%0, %1)"),
        (lambda x: x, "%x"),
    ],
)
def test_results(function, tail):
    class Calls(nn.Module):
        def forward(self, x):
            return function(x)

    network = torch.jit.trace(Calls(), torch.ones(2), strict=False)
    assert main_text(network, [("x", (2,))]).splitlines()[-2].strip().startswith(tail)


def test_a_traced_function():
    assert "add(%x, 1f" in main_text(torch.jit.trace(lambda x: x + 1, torch.ones(2)), [("x", (2,))])


def test_the_dtype_of_the_trace_counts():
    network = traced(nn.ReLU(), torch.ones(2, dtype=torch.float64))
    assert "float64" in main_text(network, [("x", (2,))])
    with pytest.warns(UserWarning, match="'x' is given as float32, was traced with float64"):
        main_text(network, [("x", ((2,), "float32"))])


def test_a_script_takes_the_dtype_that_is_given():
    network = torch.jit.script(nn.ReLU())
    assert "float16" in main_text(network, [("x", ((2,), "float16"))])
    assert "float64" in main_text(network, [("x", (2,))], default_dtype="float64")


def test_nothing_typed_is_left_in_the_module():
    mod, _ = relay.frontend.from_pytorch(traced(Block()), [("data", IMAGE)])
    assert "ty=" not in str(mod["main"])


def test_custom_converters_come_first():
    seen = []

    def tanh(inputs, input_types):
        seen.append(input_types)
        return relay.tanh(inputs[0])

    text = main_text(traced(Block()), custom_convert_map={"aten::relu": tanh})
    assert "tanh(%3) /* span=aten::relu_0:0:0 */" in text
    assert seen == [["float32"]]


def test_the_renamed_graph_is_written(tmp_path):
    main_text(traced(Block()), export_renamed_c_graph_path=str(tmp_path))
    (file,) = tmp_path.iterdir()
    assert "%aten::_convolution_0" in file.read_text()


# What cannot be imported


class Missing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
        self.tail = nn.LSTM(64, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.tail(self.features(x).flatten(2))
        return torch.special.i0(y) + torch.special.i0(y.tanh())


@pytest.mark.parametrize("load", [traced, lambda network: torch.jit.script(network.eval())])
def test_all_missing_operators_are_listed_with_their_places(load):
    with pytest.raises(NotImplementedError) as caught:
        relay.frontend.from_pytorch(load(Missing()), [("data", IMAGE)])
    message = str(caught.value)
    assert message.startswith("The following operators are not implemented: ['aten::i0', 'aten::lstm']: ")
    assert "aten::lstm in module tail (rnn.py:" in message
    assert "aten::i0 in the outermost module (test_pytorch.py:" in message


@pytest.mark.parametrize(
    ("infos", "error", "message"),
    [
        (
            [("data", (1, 4, 8, 8))],
            ValueError,
            r"'data' is given as \(1, 4, 8, 8\).*4 channels.*nn.conv2d.*module conv",
        ),
        ([("data", (2, 3, 8, 8))], ValueError, r"'data' is given as \(2, 3, 8, 8\).*trace it again"),
        ([], ValueError, "takes 1 input .* lists 0"),
        ([("a", IMAGE), ("b", IMAGE)], ValueError, "takes 1 input .* lists 2"),
        ([("a", IMAGE), ("a", IMAGE)], ValueError, "two inputs are called 'a'"),
        (None, TypeError, "input_infos is a list"),
        ({"data": IMAGE}, TypeError, "input_infos is a list"),
        (["data"], TypeError, r"input_infos\[0\] is 'data'"),
        ([("data", 3)], TypeError, "the shape of input 'data' is 3"),
        ([("data", (1, 3.0, 8, 8))], TypeError, "3.0 is no integer"),
        ([("data", (1, -3, 8, 8))], ValueError, "-3 is negative"),
        ([("data", (IMAGE, "float99"))], TypeError, "dtype of input 'data' is 'float99'"),
    ],
)
def test_bad_inputs(infos, error, message):
    with pytest.raises(error, match=message) as caught:
        relay.frontend.from_pytorch(traced(Block()), infos)
    assert "\n" not in str(caught.value)


def test_a_shape_that_a_script_does_not_take():
    with pytest.raises(TypeError, match=r"nn.conv2d.*aten::conv2d_0.*module conv"):
        relay.frontend.from_pytorch(torch.jit.script(Block().eval()), [("data", (1, 5, 8, 8))])


def test_a_plain_module_is_no_script():
    with pytest.raises(TypeError, match="not Block: trace it first"):
        relay.frontend.from_pytorch(Block(), [("data", IMAGE)])


def test_training_mode_is_refused():
    network = torch.jit.trace(Block().train(), torch.randn(IMAGE), check_trace=False)
    with pytest.raises(ValueError, match=r"training mode.*module norm"):
        relay.frontend.from_pytorch(network, [("data", IMAGE)])


def test_a_long_network_is_no_deep_recursion():
    class Long(nn.Module):
        def forward(self, x):
            for _ in range(3000):
                x = torch.relu(x)
            return x

    mod, _ = relay.frontend.from_pytorch(traced(Long(), torch.ones(2)), [("x", (2,))])
    assert sum(1 for _ in str(mod["main"]).splitlines()) == 3002


def test_no_argument_of_an_operator_is_dropped_unseen():
    """A converter takes each argument of each overload for tensors by its name, so that a new one is an error."""
    unseen = set()
    for kind, converter in table._TABLE.items():
        parameters = inspect.signature(converter).parameters
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
            continue
        for schema in torch._C._jit_get_schemas_for_operator(kind):
            first, *others = [*schema.arguments] or [None]
            if first is None or "Tensor" not in str(first.type) or any(argument.is_out for argument in others):
                continue
            names = {argument.name for argument in others if not table.takes_none(argument.name)}
            unseen |= {f"{kind}.{schema.overload_name} {name}" for name in names - set(parameters)}
    assert unseen == {
        *("aten::mm.dtype out_dtype", "aten::bmm.dtype out_dtype", "aten::addmm.dtype out_dtype"),
        *("aten::baddbmm.dtype out_dtype", "aten::sort.Tensor reverse", "aten::index.list_Tensor el"),
        *("aten::eq.Tensor_list b", "aten::ne.Tensor_list b", "aten::__getitem__.Dict_Tensor key"),
        "aten::tensor_split.tensor_indices_or_sections tensor_indices_or_sections",
    }


class Around(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, (1, 2, 0, 3), mode="circular")


@pytest.mark.parametrize("network", [Around(), nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")])
def test_padding_with_the_other_side(network):
    check(network)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        hidden, cell = self.cell(x)
        return self.cell(x, (hidden, cell))[0]


def test_a_recurrent_cell():
    torch.manual_seed(0)
    network, x = Recurrent().eval(), torch.randn(2, 4)
    mod, params = relay.frontend.from_pytorch(traced(network, x), [("x", (2, 4))])
    np.testing.assert_allclose(run(mod, params, x.numpy())[0], network(x).detach().numpy(), rtol=1e-5, atol=1e-6)
