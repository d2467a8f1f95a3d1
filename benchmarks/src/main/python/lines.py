"""Plays the lines between hosts, where the kernel cannot add latency: a TUN device for each host, with a rate both ways.

Prints a line once the devices are there, and passes packets on until it is ended. Arguments: prefix of the devices'
names, hosts, Gbit/s of a line (0 for no limit), milliseconds from one host to another. The host of an IPv4 address is
its last number, from 1.
"""
import collections
import fcntl
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
        # Packets on their way to it, with the time at which they are there.
        self.coming = collections.deque()


def arrive(sender, receiver, packet, now, seconds_of_byte, latency):
    taken = len(packet) * seconds_of_byte
    sender.sends_until = max(now, sender.sends_until) + taken
    receiver.receives_until = max(sender.sends_until + latency, receiver.receives_until + taken)
    receiver.coming.append((receiver.receives_until, packet))


def run(prefix, count, gbit, millis):
    hosts = [Host(f"{prefix}{i}") for i in range(count)]
    of_device = {host.device: host for host in hosts}
    # Lines do not wait for a processor.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    seconds_of_byte = 8e-9 / gbit if gbit > 0 else 0
    print("ready", flush=True)
    while True:
        next_due = min((host.coming[0][0] for host in hosts if host.coming), default=None)
        wait = None if next_due is None else max(0, next_due - time.monotonic())
        for device in select.select(list(of_device), [], [], wait)[0]:
            packet = os.read(device, LARGEST)
            receiver = packet[19] - 1
            if packet[0] >> 4 == 4 and 0 <= receiver < count:
                arrive(of_device[device], hosts[receiver], packet, time.monotonic(), seconds_of_byte, millis / 1000)
        now = time.monotonic()
        for host in hosts:
            while host.coming and host.coming[0][0] <= now:
                os.write(host.device, host.coming.popleft()[1])


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
