"""Opens a model of Convoy's in PyTorch: weights as a state dict, or the whole network as a module.

    python3 convoy_model.py runs/mnist-lenet-20261127T101500Z/model picture.raw

prints the probabilities of one image that is given as raw bytes: rows, columns, channels, as decoded.
"""
import json
import math
import struct
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


def load_weights(folder):
    """Reads weights.safetensors: eight bytes of length, a header in JSON, then the values."""
    data = (Path(folder) / "weights.safetensors").read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    values = bytearray(data[8 + length:])
    return {name: torch.frombuffer(values[slice(*entry["data_offsets"])], dtype=torch.float32).reshape(entry["shape"])
            for name, entry in header.items()}


class Convoy(nn.Module):
    """The network that model.json describes; takes bytes as they are decoded, [images, rows, columns, channels]."""

    STEMS = {"conv2d": "conv", "max-pool": "pool", "average-pool": "pool", "global-average-pool": "pool", "dense": "fc",
             "batch-norm": "bn", "residual": "block", "leaky-relu": "leaky_relu"}

    def __init__(self, folder):
        super().__init__()
        self.description = json.loads((Path(folder) / "model.json").read_text())
        self.weights = load_weights(folder)

    def forward(self, pixels):
        mean, std = (torch.tensor(self.description["normalization"][part]) for part in ("mean", "std"))
        values = ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)
        outputs = self.through("", self.description["network"]["layers"], values)
        loss = self.description["network"]["loss"]
        return {"softmax-cross-entropy": lambda x: x.softmax(1), "binary-cross-entropy": torch.sigmoid,
                "squared-error": lambda x: x}[loss](outputs)

    def through(self, prefix, layers, x):
        counts = {}
        for layer in layers:
            stem = self.STEMS.get(layer["type"], layer["type"])
            counts[stem] = counts.get(stem, 0) + 1
            x = getattr(self, layer["type"].replace("-", "_"))(layer, f"{prefix}{stem}{counts[stem]}", x)
        return x

    @staticmethod
    def padded(layer, x, value=0.0):
        """Rows and columns of padding; of an odd number the last one goes to the bottom and to the right."""
        sides = []
        for size, kernel, stride in reversed(list(zip(x.shape[2:], layer["kernel"], layer["stride"]))):
            total = (2 * layer["padding"] if layer["padding"] != "same"
                     else max((math.ceil(size / stride) - 1) * stride + kernel - size, 0))
            sides += [total // 2, total - total // 2]
        return F.pad(x, sides, value=value)

    def conv2d(self, layer, name, x):
        return F.conv2d(self.padded(layer, x), self.weights[name + ".weight"], self.weights.get(name + ".bias"),
                        layer["stride"], groups=layer["groups"])

    def max_pool(self, layer, name, x):
        return F.max_pool2d(self.padded(layer, x, -math.inf), layer["kernel"], layer["stride"])

    def average_pool(self, layer, name, x):
        sums, counts = (F.avg_pool2d(self.padded(layer, part), layer["kernel"], layer["stride"])
                        for part in (x, torch.ones_like(x)))
        return sums / counts

    def global_average_pool(self, layer, name, x):
        return x.mean((2, 3))

    def residual(self, layer, name, x):
        return self.through(name + ".", layer["body"], x) + self.through(name + ".shortcut.", layer["shortcut"], x)

    def batch_norm(self, layer, name, x):
        part = (self.weights[f"{name}.{tensor}"] for tensor in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *part, eps=layer["eps"])

    def dense(self, layer, name, x):
        return F.linear(x, self.weights[name + ".weight"], self.weights.get(name + ".bias"))

    def flatten(self, layer, name, x):
        return x.flatten(1)

    def dropout(self, layer, name, x):
        return x

    def sigmoid(self, layer, name, x):
        return x.sigmoid()

    def tanh(self, layer, name, x):
        return x.tanh()

    def relu(self, layer, name, x):
        return x.relu()

    def leaky_relu(self, layer, name, x):
        return F.leaky_relu(x, layer["slope"])

    def softmax(self, layer, name, x):
        return x.softmax(1)


if __name__ == "__main__":
    model = Convoy(sys.argv[1])
    shape = [model.description["input"][side] for side in ("height", "width", "channels")]
    image = torch.tensor(list(Path(sys.argv[2]).read_bytes()), dtype=torch.uint8).reshape(1, *shape)
    print(json.dumps(dict(zip(model.description["classes"], model(image)[0].tolist()))))
