"""What PyTorch's parts of scripts/bench exchange and accuracy share: two processes of one thread that meet over Gloo, and MNIST."""
import ctypes
import os
import sys
import tempfile
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

WORKERS = 2


def digits(folder, name):
    """All images and labels of a set, train or t10k."""
    with open(os.path.join(folder, name + "-images-idx3-ubyte"), "rb") as file:
        images = torch.frombuffer(bytearray(file.read()[16:]), dtype=torch.uint8).view(-1, 1, 28, 28)
    with open(os.path.join(folder, name + "-labels-idx1-ubyte"), "rb") as file:
        labels = torch.frombuffer(bytearray(file.read()[8:]), dtype=torch.uint8).long()
    return images, labels


def batch(images, ids, mean, std):
    chosen = images[ids].float().div_(255).sub_(mean).div_(std)
    count, channels, height, width = chosen.shape
    # Strides that say channels last even of a single channel.
    return chosen.contiguous(memory_format=torch.channels_last).as_strided(
        (count, channels, height, width), (channels * height * width, 1, width * channels, channels))


def enter(namespace):
    """Makes a network namespace, as ip calls it, that of this thread and of those that it will start."""
    with open(os.path.join("/run/netns", namespace)) as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), 0):
            raise OSError(ctypes.get_errno(), "Cannot enter the network namespace " + namespace)
    os.environ["GLOO_SOCKET_IFNAME"] = "eth0"


def run(rank, prepare, arguments, namespaces, meeting, commands, answers):
    if namespaces:
        enter(namespaces[rank])
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    dist.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=WORKERS)
    work = prepare(rank, *arguments)
    answers.put((rank, "ready"))
    for line in iter(commands.get, None):
        answers.put((rank, work(line)))


def serve(prepare, *arguments, namespaces=()):
    """Has every line of the input worked on by all processes; yields the nanoseconds that took and rank 0's answer.

    prepare is called in each process with its rank and the arguments, and gives the function that lines are handed to.
    Each process has a network namespace of its own, if there are any.
    """
    mp.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as folder:
        answers = mp.Queue()
        commands = [mp.Queue() for _ in range(WORKERS)]
        processes = [mp.Process(target=run, daemon=True, args=(
            rank, prepare, arguments, namespaces, os.path.join(folder, "meeting"), commands[rank], answers))
            for rank in range(WORKERS)]
        for process in processes:
            process.start()
        for _ in processes:
            answers.get()
        print("ready", flush=True)
        for line in sys.stdin:
            begin = time.perf_counter_ns()
            for queue in commands:
                queue.put(line)
            answer = dict(answers.get() for _ in processes)[0]
            yield time.perf_counter_ns() - begin, answer
        for queue in commands:
            queue.put(None)
        for process in processes:
            process.join(10)
