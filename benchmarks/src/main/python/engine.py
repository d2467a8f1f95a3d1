"""PyTorch's part of scripts/bench engine: the process behind a contestant.

Reads numbers of steps, takes them, prints the nanoseconds. Arguments: workload, threads.
"""
import sys
import time

import torch
from torch import nn

from engine_networks import BATCH, CLASSES, networks

torch.set_num_threads(int(sys.argv[2]))
torch.set_num_interop_threads(1)
network, shape = networks()[sys.argv[1]]()
optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
loss_function = nn.CrossEntropyLoss()
network = network.to(memory_format=torch.channels_last)
channels, height, width = shape
# Strides that say channels last even of a single channel.
images = torch.randn(BATCH, *shape).contiguous(memory_format=torch.channels_last).as_strided(
    (BATCH, *shape), (channels * height * width, 1, width * channels, channels))
labels = torch.arange(BATCH) % CLASSES
print("ready", flush=True)
for line in sys.stdin:
    begin = time.perf_counter_ns()
    for _ in range(int(line)):
        optimizer.zero_grad()
        loss_function(network(images), labels).backward()
        optimizer.step()
    print(time.perf_counter_ns() - begin, flush=True)
