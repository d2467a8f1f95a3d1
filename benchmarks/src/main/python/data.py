"""OpenCV's part of scripts/bench data: the process behind a contestant, with two more that read and decode.

Reads numbers of batches, decodes them, prints the nanoseconds. Arguments: list of images (CSV with path and label).
"""
import csv
import multiprocessing
import sys
import time

import cv2

BATCH = 64


def decode(path):
    return cv2.resize(cv2.imread(path), (224, 224), interpolation=cv2.INTER_AREA).size


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        paths = [line["path"] for line in csv.DictReader(file)]
    with multiprocessing.Pool(2, cv2.setNumThreads, [1]) as workers:
        print("ready", flush=True)
        for line in sys.stdin:
            begin = time.perf_counter_ns()
            chosen = (paths[i % len(paths)] for i in range(int(line) * BATCH))
            assert sum(workers.imap_unordered(decode, chosen, BATCH)) == int(line) * BATCH * 224 * 224 * 3
            print(time.perf_counter_ns() - begin, flush=True)
