"""The MiniLM network as an ONNX graph, written straight from the weights.

Pooling and normalisation are part of the graph. Nothing is traced, so neither torch nor
transformers is needed, and building takes half a second instead of ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.library.encoders import DIMENSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYERS: Final = 6
HEADS: Final = 12
EPSILON: Final = 1e-12
# Gelu came with opset 20; the fused operators below are ONNX Runtime's own.
OPSET: Final = 20
IR_VERSION: Final = 10
RUNTIME_DOMAIN: Final = "com.microsoft"
INPUTS: Final = ("input_ids", "attention_mask")
OUTPUT: Final = "embedding"

Weights = Mapping[str, "NDArray[Any]"]


def build_graph(weights: Weights) -> bytes:
    """The serialized ONNX model that maps token ids and their mask to unit vectors."""
    # Only needed when an export is made, once an installation.
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    hidden = graph.embeddings()
    for layer in range(LAYERS):
        hidden = graph.layer(hidden, f"encoder.layer.{layer}.")
    graph.pool(hidden)
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "s"]) for n in INPUTS]
    output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["b", DIMENSIONS])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, [output], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME_DOMAIN, 1)],
        producer_name="cairn",
    )
    model.ir_version = IR_VERSION
    serialized: bytes = model.SerializeToString()
    return serialized


class _Graph:
    def __init__(self, weights: Weights) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._weights = weights

    def embeddings(self) -> str:
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        # Every text is one segment, so that segment's embedding is part of the position's.
        positions = self._constant(
            "positions",
            self._weights["embeddings.position_embeddings.weight"]
            + self._weights["embeddings.token_type_embeddings.weight"][0],
        )
        first, second = self._axis(0), self._axis(1)
        shape = self._op("Shape", "input_ids")
        length = self._op("Slice", shape, second, self._axis(2))
        used = self._op("Slice", positions, first, length, first)
        return self._normalise(self._op("Add", words, used), "embeddings.LayerNorm")

    def layer(self, hidden: str, name: str) -> str:
        attended = self._linear(self._attention(hidden, name), f"{name}attention.output.dense")
        hidden = self._normalise(
            self._op("Add", attended, hidden), f"{name}attention.output.LayerNorm"
        )
        wide = self._op("Gelu", self._linear(hidden, f"{name}intermediate.dense"))
        narrow = self._linear(wide, f"{name}output.dense")
        return self._normalise(self._op("Add", narrow, hidden), f"{name}output.LayerNorm")

    def pool(self, hidden: str) -> None:
        mask = self._op("Unsqueeze", self._cast_mask("FLOAT"), self._axis(2))
        summed = self._op("ReduceSum", self._op("Mul", hidden, mask), self._axis(1), keepdims=0)
        count = self._op("ReduceSum", mask, self._axis(1), keepdims=0)
        mean = self._op("Div", summed, count)
        self._op("LpNormalization", mean, result=OUTPUT, axis=-1, p=2)

    def _attention(self, hidden: str, name: str) -> str:
        parts = [f"{name}attention.self.{each}" for each in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{each}.weight"].T for each in parts], axis=1)
        bias = np.concatenate([self._weights[f"{each}.bias"] for each in parts])
        return self._op(
            "Attention",
            hidden,
            self._constant(f"{name}qkv.weight", weight),
            self._constant(f"{name}qkv.bias", bias),
            self._cast_mask("INT32"),
            domain=RUNTIME_DOMAIN,
            num_heads=HEADS,
        )

    def _linear(self, hidden: str, name: str) -> str:
        weight = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
        return self._op("Add", self._op("MatMul", hidden, weight), self._weight(f"{name}.bias"))

    def _normalise(self, hidden: str, name: str) -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", hidden, scale, shift, axis=-1, epsilon=EPSILON)

    def _cast_mask(self, kind: str) -> str:
        from onnx import TensorProto

        name = f"mask.{kind}"
        if all(node.output[0] != name for node in self.nodes):
            self._op("Cast", "attention_mask", result=name, to=TensorProto.DataType.Value(kind))
        return name

    def _axis(self, axis: int) -> str:
        return self._constant(f"axis.{axis}", np.array([axis], np.int64))

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        if all(each.name != name for each in self.constants):
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _op(
        self, kind: str, *inputs: str, result: str = "", domain: str = "", **attributes: Any
    ) -> str:
        from onnx import helper

        result = result or f"{kind}.{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, inputs, [result], name=result, domain=domain, **attributes)
        )
        return result
