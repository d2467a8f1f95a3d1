"""PyTorch's part of scripts/bench exchange: DistributedDataParallel over Gloo, two processes of one thread, on MNIST.

Reads numbers of steps, takes them, prints the nanoseconds. Arguments: workload, folder of MNIST.
"""
import os
import sys
import tempfile
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from engine_networks import BATCH, networks

WORKERS = 2


def digits(folder, shape):
    with open(os.path.join(folder, "train-images-idx3-ubyte"), "rb") as file:
        images = torch.frombuffer(bytearray(file.read()[16:]), dtype=torch.uint8).view(-1, 1, 28, 28)
    with open(os.path.join(folder, "train-labels-idx1-ubyte"), "rb") as file:
        labels = torch.frombuffer(bytearray(file.read()[8:]), dtype=torch.uint8).long()
    if shape != (1, 28, 28):
        images = nn.functional.pad(images[:4096], (2, 2, 2, 2)).expand(-1, 3, -1, -1).contiguous()
    return images, labels[:len(images)]


def work(rank, workload, folder, meeting, commands, answers):
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    dist.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=WORKERS)
    network, shape = networks()[workload]()
    network = nn.parallel.DistributedDataParallel(network.to(memory_format=torch.channels_last))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    loss_function = nn.CrossEntropyLoss()
    images, labels = digits(folder, shape)
    channels, height, width = shape
    own = torch.arange(rank, len(images), WORKERS)
    order = own[torch.randperm(len(own))]
    at = 0
    answers.put("ready")
    while True:
        steps = commands.get()
        if steps is None:
            return
        for _ in range(steps):
            if at + BATCH > len(order):
                order = own[torch.randperm(len(own))]
                at = 0
            ids = order[at:at + BATCH]
            at += BATCH
            # Strides that say channels last even of a single channel.
            batch = images[ids].float().div_(255).sub_(0.5).div_(0.5)
            batch = batch.contiguous(memory_format=torch.channels_last).as_strided(
                (BATCH, *shape), (channels * height * width, 1, width * channels, channels))
            optimizer.zero_grad()
            loss_function(network(batch), labels[ids]).backward()
            optimizer.step()
        answers.put("done")


if __name__ == "__main__":
    mp.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as folder:
        answers = mp.Queue()
        commands = [mp.Queue() for _ in range(WORKERS)]
        processes = [mp.Process(target=work, daemon=True, args=(
            rank, sys.argv[1], sys.argv[2], os.path.join(folder, "meeting"), commands[rank], answers))
            for rank in range(WORKERS)]
        for process in processes:
            process.start()
        for _ in processes:
            answers.get()
        print("ready", flush=True)
        for line in sys.stdin:
            begin = time.perf_counter_ns()
            for queue in commands:
                queue.put(int(line))
            for _ in processes:
                answers.get()
            print(time.perf_counter_ns() - begin, flush=True)
        for queue in commands:
            queue.put(None)
        for process in processes:
            process.join(10)
