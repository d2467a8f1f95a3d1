"""PyTorch's part of scripts/bench engine: the process behind a contestant.

Reads numbers of steps, takes them, prints the nanoseconds. Arguments: workload, threads.
"""
import sys
import time

import torch
from torch import nn

BATCH, CLASSES = 64, 10


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, CLASSES)), (1, 28, 28)


def vgg():
    layers, channels = [], 3
    for filters in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, CLASSES)), (3, 32, 32)


torch.set_num_threads(int(sys.argv[2]))
torch.set_num_interop_threads(1)
network, shape = {"LENET": lenet, "VGG": vgg}[sys.argv[1]]()
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
