"""The innermost step of a convolution or matrix product: a vector of sums, and what a processor adds to it at once.

    float32    sums + broadcast(x) * weights                                one number x
    int8       sums + x0 * weights0 + x1 * weights1 + x2 * weights2 + x3 * weights3
    int16      sums + x0 * weights0 + x1 * weights1                         for Winograd's convolution

Of int8 data, four numbers side by side in memory are taken at once, and the weights of each sum have theirs side by
side: the layout `16o4i`. Every way of doing it is exact, and wraps where int32 does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tvm import tirx
from tvm.tirx.script import builder as T

from ..target import Features
from .tiles import Cycles

# int8 numbers of the data that go into a step.
GROUP = 4
# x86's product of int16 that adds pairs, by lanes of the sums.
_ADD_WORDS = {4: "llvm.x86.sse2.pmadd.wd", 8: "llvm.x86.avx2.pmadd.wd", 16: "llvm.x86.avx512.pmaddw.d.512"}
# Four bytes of -128. An exclusive or with it adds 128 to int8 numbers, which are then to be read as uint8.
_OFFSET = -0x7F7F7F80


@dataclass(frozen=True)
class Dot:
    """The step for sums in vectors of `lanes` numbers; `signed` says whether int8 data may be negative.

    `scratch` is how many more vector registers it needs, besides those for sums, weights and one of the data. `embeds`
    says whether data in memory are operands. So many steps as `together` says are done at once.
    """

    name: str
    lanes: int
    signed: bool
    dtype: str = "int8"
    group: int = GROUP
    sums: str = "int32"
    scratch: int = 0
    embeds: bool = False
    together: int = 1

    @property
    def is_shifted(self) -> bool:
        """Whether the step adds 128 times the weights too much: the data are taken for unsigned."""
        return False

    def room(self, registers: int, vectors: int) -> int:
        """For how many numbers of the data there are registers, if each meets so many vectors of weights."""
        return (registers - self.scratch - 3) // vectors

    def cycles(self, add: float, shares: bool) -> Cycles:
        """What a step takes, fitted to measurements on Zen 4. `add` is 1 for a whole vector.

        `shares` says whether pixels find data of their neighbours in registers.
        """
        return Cycles(add, fetch=0.65, load=0.15)

    def broadcast(self, data: Any, index: Sequence[Any]) -> Any:
        """The operand for data, the same in all lanes: `group` numbers of the buffer, from `index` on."""
        *outer, last = index
        group = tirx.reinterpret("int32", data[(*outer, T.Ramp(last, 1, self.group))])
        # Shifted before it is broadcast: LLVM does not come to an end with the exclusive or of a broadcast load.
        shifted = group ^ tirx.const(_OFFSET, "int32") if self.is_shifted else group
        return self.data(T.Broadcast(shifted, self.lanes))

    def zeros(self) -> Any:
        """The operand for data that are zero."""
        return self.data(self.vector(_OFFSET if self.is_shifted else 0))

    def vector(self, value: int) -> Any:
        """The same number in all lanes."""
        return T.Broadcast(tirx.const(value, self.sums), self.lanes)

    def data(self, numbers: Any) -> Any:
        """The operand for data, from an int32 in each lane that is a group of numbers."""
        return numbers

    def weights(self, numbers: Any) -> Any:
        """The operand for weights, from the vector that they are in memory."""
        return tirx.reinterpret(f"int32x{self.lanes}", numbers)

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        """The sums with the products added."""
        raise NotImplementedError

    def add_steps(self, sums: Any, data: Sequence[Any], weights: Sequence[Any]) -> Any:
        """The sums with the products of several steps added."""
        for one, other in zip(data, weights, strict=True):
            sums = self.add(sums, one, other)
        return sums

    def call(self, name: str, *args: Any) -> Any:
        """An instruction that gives sums, by LLVM's name."""
        return tirx.call_llvm_pure_intrin(f"{self.sums}x{self.lanes}", name, *args)


class Multiply(Dot):
    """float32: a fused multiply-add, which LLVM makes of the two.

    With AVX-512, a number in memory is an operand in all lanes as it is. Elsewhere it takes a register and a load.
    """

    def room(self, registers: int, vectors: int) -> int:
        return super().room(registers, vectors) if self.embeds else (registers - 1) // vectors - 1

    def cycles(self, add: float, shares: bool) -> Cycles:
        """Without AVX-512, fitted to measurements on Zen 3, which adds two vectors in a cycle."""
        if self.embeds:
            return super().cycles(add, shares)
        return Cycles(add, fetch=1.4, load=0.15, read=1.4, open=0.4, wait=8.0)

    def broadcast(self, data: Any, index: Sequence[Any]) -> Any:
        return T.Broadcast(data[tuple(index)], self.lanes)

    def zeros(self) -> Any:
        return self.vector(0)

    def weights(self, numbers: Any) -> Any:
        return numbers

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        return sums + data * weights


class Bytes(Dot):
    """x86 with VNNI: `vpdpbusd` multiplies uint8 data with int8 weights."""

    @property
    def is_shifted(self) -> bool:
        return self.signed

    def cycles(self, add: float, shares: bool) -> Cycles:
        return Cycles(add, fetch=1.2, load=0.35) if self.is_shifted else super().cycles(add, shares)

    def data(self, numbers: Any) -> Any:
        return tirx.reinterpret(f"int8x{GROUP * self.lanes}", numbers)

    def weights(self, numbers: Any) -> Any:
        return numbers

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        return self.call(f"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}", sums, data, weights)


class BytePairs(Dot):
    """x86 without VNNI: `vpmaddubsw` multiplies uint8 data with int8 weights and adds pairs, `vpmaddwd` pairs of those.

    The first sum has 16 bits, and saturates. Data from 0 to 127 do not reach that with any weights: 2 * 127 * 128 is
    32 512. With a sign, data have magnitudes of up to 128, for which weights may be -127 and no less. So signs go from
    the data to the weights, if none of these is -128: `vpsignb`. Where weights are so small that the pairs of two steps
    add up to 16 bits too, the second instruction is for both.
    """

    def cycles(self, add: float, shares: bool) -> Cycles:
        """Fitted to measurements on Zen 3. Only the last of three instructions waits for the sum of before."""
        fetch, load = (0.5, 0.075) if shares else (1.0, 0.15)
        return Cycles(add, fetch, load, read=0.5, open=0.3, wait=1.0)

    def data(self, numbers: Any) -> Any:
        given = T.Bind(tirx.reinterpret(self._bytes, numbers))
        return (given, T.Bind(self._signed(given, given))) if self.signed else (None, given)

    def weights(self, numbers: Any) -> Any:
        return numbers

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        return self.add_steps(sums, [data], [weights])

    def add_steps(self, sums: Any, data: Sequence[Any], weights: Sequence[Any]) -> Any:
        first, *others = (self._pairs(one, other) for one, other in zip(data, weights, strict=True))
        ones = T.Broadcast(tirx.const(1, "int16"), 2 * self.lanes)
        return sums + self.call(_ADD_WORDS[self.lanes], sum(others, first), ones)

    def _pairs(self, data: Any, weights: Any) -> Any:
        """The sums of two products each, in 16 bits."""
        signs, magnitudes = data
        factors = weights if signs is None else self._signed(weights, signs)
        name = {4: "ssse3.pmadd.ub.sw.128", 8: "avx2.pmadd.ub.sw", 16: "avx512.pmaddubs.w.512"}[self.lanes]
        return tirx.call_llvm_pure_intrin(f"int16x{2 * self.lanes}", f"llvm.x86.{name}", magnitudes, factors)

    @property
    def _bytes(self) -> str:
        return f"int8x{GROUP * self.lanes}"

    def _signed(self, numbers: Any, signs: Any) -> Any:
        """The numbers, negated where the others are negative, and zero where those are."""
        name = {4: "ssse3.psign.b.128", 8: "avx2.psign.b"}[self.lanes]
        return tirx.call_llvm_pure_intrin(self._bytes, f"llvm.x86.{name}", numbers, signs)


class WordPairs(Dot):
    """x86, of int16 data and weights that are pairs already: `vpmaddwd`."""

    def cycles(self, add: float, shares: bool) -> Cycles:
        """Fitted to measurements on Zen 3."""
        return Cycles(add, fetch=0.5, load=0.15, read=0.5, open=0.3, wait=1.0)

    def data(self, numbers: Any) -> Any:
        return tirx.reinterpret(f"int16x{2 * self.lanes}", numbers)

    def weights(self, numbers: Any) -> Any:
        return numbers

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        return sums + self.call(_ADD_WORDS[self.lanes], data, weights)


class Words(Dot):
    """x86 without VNNI: `vpmaddwd` multiplies int16 and adds pairs.

    The four bytes of a lane become the pairs (0, 2) and (1, 3) by shifts alone.
    """

    def cycles(self, add: float, shares: bool) -> Cycles:
        return Cycles(add, fetch=1.5, load=1.5)

    def data(self, numbers: Any) -> Any:
        return _pairs(numbers, self.lanes)

    def weights(self, numbers: Any) -> Any:
        return _pairs(numbers, self.lanes)

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        for x, w in zip(data, weights, strict=True):
            sums = sums + self.call(_ADD_WORDS[self.lanes], x, w)
        return sums


def _pairs(numbers: Any, lanes: int) -> tuple[Any, Any]:
    words = tirx.reinterpret(f"int16x{2 * lanes}", numbers)
    eight = T.Broadcast(tirx.const(8, "int16"), 2 * lanes)
    return T.Bind((words << eight) >> eight), T.Bind(words >> eight)


class Signed(Dot):
    """ARM with the dot-product extension: `sdot`."""

    def data(self, numbers: Any) -> Any:
        return tirx.reinterpret(f"int8x{GROUP * self.lanes}", numbers)

    def weights(self, numbers: Any) -> Any:
        return numbers

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        return self.call("llvm.aarch64.neon.sdot.v4i32.v16i8", sums, data, weights)


class Generic(Dot):
    """Any processor: four multiplications of int32."""

    def cycles(self, add: float, shares: bool) -> Cycles:
        return Cycles(add, fetch=3.0, load=3.0)

    def data(self, numbers: Any) -> Any:
        return _bytes(numbers, self.lanes)

    def weights(self, numbers: Any) -> Any:
        return _bytes(tirx.reinterpret(f"int32x{self.lanes}", numbers), self.lanes)

    def add(self, sums: Any, data: Any, weights: Any) -> Any:
        for x, w in zip(data, weights, strict=True):
            sums = sums + x * w
        return sums


def _bytes(numbers: Any, lanes: int) -> list[Any]:
    def shift(count: int) -> Any:
        return T.Broadcast(tirx.const(count, "int32"), lanes)

    return [T.Bind((numbers << shift(24 - 8 * k)) >> shift(24)) for k in range(GROUP)]


def dot_of(dtype: str, lanes: int, features: Features, least: Sequence[int], steps: int = 1) -> Dot:
    """The step for data and weights of a dtype, on a processor.

    `least` says of both which number int8 ones are never below, and `steps` of how many steps the products add up to
    16 bits.
    """
    signed = least[0] < 0
    if dtype == "float32":
        return Multiply("fma", lanes, signed, "float32", group=1, sums="float32", embeds=features.lanes == 16)
    x86, fits, bits = *_of_x86(lanes, features), 32 * lanes
    if x86 == "vpdpbusd" and fits:
        return Bytes(f"vpdpbusd{bits}", lanes, signed)
    if x86 == "pmaddubsw" and fits and (not signed or bits < 512 and least[1] > -128):
        return BytePairs(f"pmaddubsw{bits}", lanes, signed, scratch=3, together=1 if signed else steps)
    if fits:
        return Words(f"pmaddwd{bits}", lanes, signed, scratch=4)
    if features.dot == "sdot" and lanes == 4:
        return Signed("sdot", lanes, signed)
    return Generic("int32 multiply-add", lanes, signed, scratch=8)


def dot_of_words(lanes: int, features: Features) -> WordPairs | None:
    """The step for int16 data and weights, on a processor that has one."""
    _, fits = _of_x86(lanes, features)
    return WordPairs(f"pmaddwd{32 * lanes}", lanes, True, "int16", group=2, scratch=1) if fits else None


def _of_x86(lanes: int, features: Features) -> tuple[str, bool]:
    """The name of a processor's instructions without their width, and whether they take vectors of so many lanes."""
    kind = features.dot
    widest = int(kind[-3:]) if kind[-3:].isdigit() else 0
    return kind.rstrip("0123456789"), 32 * lanes <= widest and lanes in _ADD_WORDS
