"""PyTorch's part of scripts/bench accuracy: DistributedDataParallel over Gloo, two processes of one thread, on MNIST.

The network, batches, optimizer and schedule of conf/mnist-lenet.conf, and weights that start as Convoy's do. Reads a seed and a number of
epochs, trains, prints [seconds of training, accuracy on the test digits] for each epoch as JSON. Argument: folder of MNIST.
"""
import json
import math
import sys
import time

import torch
import torch.distributed as dist
from torch import nn

from ddp_workers import WORKERS, batch, digits, serve
from engine_networks import BATCH, lenet

RATE, WARMUP_EPOCHS, MOMENTUM, WEIGHT_DECAY = 0.04, 0.2, 0.9, 5e-4


def rate(step, steps, epochs):
    """As Convoy's LearningRate with a cosine schedule."""
    warmup = WARMUP_EPOCHS * steps
    if step < warmup:
        return RATE * (step + 1) / (warmup + 1)
    return RATE * (1 + math.cos(math.pi * (step - warmup) / steps / (epochs - WARMUP_EPOCHS))) / 2


def fresh():
    network, _ = lenet()
    for layer in network:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network.to(memory_format=torch.channels_last)


def prepare(rank, folder):
    images, labels = digits(folder, "train")
    test_images, test_labels = digits(folder, "t10k")
    pixels = images.double().div_(255)
    mean, std = pixels.mean().item(), pixels.std(unbiased=False).item()
    loss_function = nn.CrossEntropyLoss()

    def accuracy(network):
        own = torch.arange(rank, len(test_images), WORKERS)
        with torch.no_grad():
            right = sum((network(batch(test_images, ids, mean, std)).argmax(1) == test_labels[ids]).sum()
                        for ids in own.split(250))
        dist.all_reduce(right)
        return right.item() / len(test_images)

    def work(line):
        seed, epochs = (int(word) for word in line.split())
        torch.manual_seed(seed)
        network = fresh()
        parallel = nn.parallel.DistributedDataParallel(network)
        optimizer = torch.optim.SGD([
            {"params": [weight for weight in network.parameters() if weight.dim() > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [bias for bias in network.parameters() if bias.dim() == 1]}], lr=RATE, momentum=MOMENTUM)
        step, results = 0, []
        for _ in range(epochs):
            begin = time.perf_counter()
            # Both ranks have drawn as many numbers and so draw the same.
            batches = torch.randperm(len(images))[rank::WORKERS].split(BATCH)
            for ids in batches:
                for group in optimizer.param_groups:
                    group["lr"] = rate(step, len(batches), epochs)
                optimizer.zero_grad()
                loss_function(parallel(batch(images, ids, mean, std)), labels[ids]).backward()
                optimizer.step()
                step += 1
            seconds = time.perf_counter() - begin
            results.append([seconds, accuracy(network)])
        return results

    return work


if __name__ == "__main__":
    for _, results in serve(prepare, sys.argv[1]):
        print(json.dumps(results), flush=True)
