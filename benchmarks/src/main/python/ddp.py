"""PyTorch's part of scripts/bench exchange: DistributedDataParallel over Gloo, two processes of one thread, on MNIST.

Reads numbers of steps, takes them, prints the nanoseconds. Arguments: workload, folder of MNIST; a network namespace for
each process, if they play hosts.
"""
import sys

import torch
from torch import nn

from ddp_workers import WORKERS, batch, digits, serve
from engine_networks import BATCH, networks


def prepare(rank, workload, folder):
    network, shape = networks()[workload]()
    network = nn.parallel.DistributedDataParallel(network.to(memory_format=torch.channels_last))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    loss_function = nn.CrossEntropyLoss()
    images, labels = digits(folder, "train")
    if shape != (1, 28, 28):
        images = nn.functional.pad(images[:4096], (2, 2, 2, 2)).expand(-1, 3, -1, -1).contiguous()
    own = torch.arange(rank, len(images), WORKERS)
    order = own[:0]

    def work(steps):
        nonlocal order
        for _ in range(int(steps)):
            if len(order) < BATCH:
                order = own[torch.randperm(len(own))]
            ids, order = order[:BATCH], order[BATCH:]
            optimizer.zero_grad()
            loss_function(network(batch(images, ids, 0.5, 0.5)), labels[ids]).backward()
            optimizer.step()

    return work


if __name__ == "__main__":
    for nanos, _ in serve(prepare, sys.argv[1], sys.argv[2], namespaces=sys.argv[3:]):
        print(nanos, flush=True)
