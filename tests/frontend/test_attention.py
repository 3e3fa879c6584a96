"""Attention layers, which PyTorch traces as one operator where no gradient is wanted, against PyTorch."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from torch import nn
from tvm import relay

TOKENS = (2, 6, 32)
CAUSAL = nn.Transformer.generate_square_subsequent_mask(6)
PADDED = torch.arange(6).expand(2, 6) >= torch.tensor([[4], [6]])


class Attention(nn.Module):
    def __init__(self, **options) -> None:
        super().__init__()
        self.layer, self.options = nn.MultiheadAttention(32, 4, batch_first=True), options

    def forward(self, x):
        result, weights = self.layer(x, x, x, **self.options)
        return (result, weights) if self.options["need_weights"] else result


class Masked(nn.Module):
    def __init__(self, layer, **masks) -> None:
        super().__init__()
        self.layer, self.masks = layer, masks

    def forward(self, x):
        return self.layer(x, **self.masks)


def encoder_layer(**options):
    return nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, **options)


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(32, 4, 64, batch_first=True)

    def forward(self, x):
        return self.layer(x, x.flip(1))


NETWORKS = {
    "attention": lambda: Attention(need_weights=False),
    "attention_and_weights": lambda: Attention(need_weights=True),
    "attention_and_weights_of_each_head": lambda: Attention(need_weights=True, average_attn_weights=False),
    "attention_causal": lambda: Attention(need_weights=True, attn_mask=CAUSAL),
    "attention_causal_bool": lambda: Attention(need_weights=True, attn_mask=CAUSAL < 0),
    "attention_padded": lambda: Attention(need_weights=True, key_padding_mask=PADDED),
    "attention_twice_masked": lambda: Attention(need_weights=True, key_padding_mask=PADDED, attn_mask=CAUSAL < 0),
    "encoder_layer": encoder_layer,
    "encoder_layer_norm_first": lambda: encoder_layer(norm_first=True, activation="gelu"),
    "encoder_layer_causal": lambda: Masked(encoder_layer(), src_mask=CAUSAL),
    "encoder_layer_padded": lambda: Masked(encoder_layer(), src_key_padding_mask=PADDED),
    "encoder": lambda: nn.TransformerEncoder(encoder_layer(), 2),
    "decoder_layer": Decoder,
}


@pytest.mark.parametrize("gradients", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_computes_what_pytorch_does(name, gradients):
    torch.manual_seed(0)
    network, x = NETWORKS[name]().eval(), torch.randn(TOKENS)
    for parameter in network.parameters():
        if parameter.dim() == 1:
            nn.init.uniform_(parameter, -0.5, 0.5)
    with torch.set_grad_enabled(gradients):
        want = network(x)
        traced = torch.jit.trace(network, x, check_trace=False)
    mod, params = relay.frontend.from_pytorch(traced, [("x", TOKENS)])
    got = relay.create_executor("debug", mod).evaluate()(x.numpy(), **params)
    results = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for one, other in results:
        np.testing.assert_allclose(one.numpy(), other.detach().numpy(), rtol=1e-5, atol=1e-5)


def test_sizes_of_a_missing_operator_are_missing_too():
    class Network(nn.Module):
        def forward(self, x):
            x = torch.cdist(x, x)
            return x.reshape(x.shape[0] * x.shape[1], -1)

    traced = torch.jit.trace(Network(), torch.randn(TOKENS))
    with pytest.raises(NotImplementedError, match="not implemented.*aten::cdist"):
        relay.frontend.from_pytorch(traced, [("x", TOKENS)])
