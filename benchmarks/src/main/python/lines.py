"""Plays the lines between hosts, where the kernel cannot add latency: a TUN device for each host, with a rate both ways.

Prints a line once the devices are there, and passes packets on until it is ended. Arguments: prefix of the devices'
names, hosts, Gbit/s of a line (0 for no limit), milliseconds from one host to another. The host of an IPv4 address is
its last number, from 1.
"""
import fcntl
import heapq
import itertools
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
LARGEST = 65535


class Host:
    """One end of a line."""

    def __init__(self, name):
        self.device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        self.sends_until = self.receives_until = 0.0
        # Packets on their way to it, by the time at which they come to its own line.
        self.coming = []

    def due(self, seconds_of_byte):
        """When it has the next packet."""
        arrival, _, packet = self.coming[0]
        return max(arrival, self.receives_until + len(packet) * seconds_of_byte)


def run(prefix, count, gbit, millis):
    hosts = [Host(f"{prefix}{i}") for i in range(count)]
    of_device = {host.device: host for host in hosts}
    # Lines do not wait for a processor.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    seconds_of_byte = 8e-9 / gbit if gbit > 0 else 0
    order = itertools.count()
    print("ready", flush=True)
    while True:
        next_due = min((host.due(seconds_of_byte) for host in hosts if host.coming), default=None)
        wait = None if next_due is None else max(0, next_due - time.monotonic())
        # The input ends with the process that started this one.
        for device in select.select([*of_device, 0], [], [], wait)[0]:
            if device == 0:
                return
            sender, packet = of_device[device], os.read(device, LARGEST)
            receiver = packet[19] - 1
            if packet[0] >> 4 == 4 and 0 <= receiver < count:
                sender.sends_until = max(time.monotonic(), sender.sends_until) + len(packet) * seconds_of_byte
                arrival = sender.sends_until + millis / 1000
                heapq.heappush(hosts[receiver].coming, (arrival, next(order), packet))
        now = time.monotonic()
        for host in hosts:
            while host.coming and host.due(seconds_of_byte) <= now:
                host.receives_until = host.due(seconds_of_byte)
                os.write(host.device, heapq.heappop(host.coming)[2])


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
