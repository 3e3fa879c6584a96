"""The configuration of quantization, and what comes before partition."""

import threading

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.quantize import current_qconfig, prerequisite_optimize, qconfig


def test_defaults_outside_and_inside():
    assert current_qconfig().skip_conv_layers is None
    with qconfig() as config:
        assert current_qconfig() is config
        assert list(config.skip_conv_layers) == [0]
        assert (config.nbit_input, config.dtype_input, config.calibrate_mode) == (8, "int8", "global_scale")
        assert config.global_scale == 8.0


def test_the_innermost_configuration_counts_and_starts_from_the_defaults():
    with qconfig(weight_scale="max"):
        with qconfig(calibrate_mode="kl_divergence"):
            assert current_qconfig().calibrate_mode == "kl_divergence"
            assert current_qconfig().weight_scale == "power2"
        assert current_qconfig().weight_scale == "max"
    assert current_qconfig().weight_scale == "power2"


def test_an_error_inside_leaves_the_configuration_as_it_was():
    with pytest.raises(RuntimeError), qconfig(weight_scale="max"):
        raise RuntimeError
    assert current_qconfig().weight_scale == "power2"


def test_threads_do_not_see_each_other():
    seen = []
    with qconfig(weight_scale="max"):
        thread = threading.Thread(target=lambda: seen.append(current_qconfig().weight_scale))
        thread.start()
        thread.join()
    assert seen == ["power2"]


def test_a_configuration_is_not_changed_and_has_no_other_options():
    with pytest.raises(AttributeError, match="not changed once made"):
        qconfig().rounding = "TONEAREST"
    with pytest.raises(AttributeError, match="qconfig has no option speed"):
        _ = qconfig().speed


def conv_bn_relu():
    data = relay.var("data", shape=(1, 3, 8, 8))
    weight = relay.var("weight", shape=(4, 3, 3, 3))
    norm = [relay.var(name, shape=(4,)) for name in ("gamma", "beta", "mean", "var")]
    conv = relay.nn.conv2d(data, weight, padding=(1, 1), channels=4, kernel_size=(3, 3))
    body = relay.nn.relu(relay.nn.batch_norm(conv, *norm)[0])
    rng = np.random.default_rng(0)
    params = {"weight": rng.normal(size=(4, 3, 3, 3)).astype("float32")}
    params |= {var.name_hint: rng.uniform(0.5, 1.5, 4).astype("float32") for var in norm}
    return tvm.IRModule.from_expr(relay.Function([data, weight, *norm], body)), params


def test_a_batch_norm_becomes_a_bias():
    mod, params = conv_bn_relu()
    with tvm.transform.PassContext(opt_level=3):
        main = prerequisite_optimize(mod, params)["main"]
    called = []
    relay.analysis.post_order_visit(main, lambda e: called.append(e.op.name) if isinstance(e, relay.Call) else None)
    assert called == ["nn.conv2d", "add", "nn.relu"]
    assert [param.name_hint for param in main.params] == ["data"]
    assert len(mod["main"].params) == 6, "the module given stays as it was"


def test_the_value_stays():
    mod, params = conv_bn_relu()
    data = np.random.default_rng(1).normal(size=(1, 3, 8, 8)).astype("float32")
    with tvm.transform.PassContext(opt_level=3):
        optimized = prerequisite_optimize(mod, params)
    before = relay.create_executor("debug", mod=mod).evaluate()(data, **params).numpy()
    after = relay.create_executor("debug", mod=optimized).evaluate()(data).numpy()
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)


def test_below_level_3_scales_are_not_folded():
    mod, params = conv_bn_relu()
    with tvm.transform.PassContext(opt_level=2):
        assert "multiply" in str(prerequisite_optimize(mod, params))
    with tvm.transform.PassContext(opt_level=3, disabled_pass=["FoldScaleAxis"]):
        assert "multiply" in str(prerequisite_optimize(mod, params))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weigth": np.ones((4, 3, 3, 3), "float32")}, ValueError, "weigth.*weight"),
        ({"gamma": np.ones(5, "float32")}, ValueError, r"gamma is a Tensor\[\(4\), float32\] .* the shape \(5,\)"),
        ({"gamma": np.ones(4, "int32")}, TypeError, "gamma.*int32.*float32"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(change, error, message):
    mod, params = conv_bn_relu()
    before = str(mod)
    with pytest.raises(error, match=message):
        prerequisite_optimize(mod, params | change)
    assert str(mod) == before


def test_parameters_that_are_bound_already_may_come_again():
    mod, params = conv_bn_relu()
    with tvm.transform.PassContext(opt_level=3):
        once = prerequisite_optimize(mod, params)
        assert str(prerequisite_optimize(once, params)) == str(once)


def test_a_module_without_main_is_refused():
    mod, _ = conv_bn_relu()
    with pytest.raises(ValueError, match="prerequisite_optimize works on the function @main, and this module has @net"):
        prerequisite_optimize(tvm.IRModule({"net": mod["main"]}))
