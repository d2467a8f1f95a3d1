"""Python's part of scripts/bench data: the process behind a contestant, with two more that read and decode.

Reads numbers of batches, decodes them, prints the nanoseconds. Arguments: list of images (CSV with path and label), and
"augment" to change them too, as one writes it with OpenCV and NumPy, or an empty word.
"""
import csv
import math
import multiprocessing
import random
import sys
import time

import cv2
import numpy

BATCH = 64
SIDE = 224
LUMA = numpy.array([0.114, 0.587, 0.299], dtype=numpy.float32)


def decode(path):
    return cv2.resize(cv2.imread(path), (SIDE, SIDE), interpolation=cv2.INTER_AREA).size


def resized_crop(image):
    height, width = image.shape[:2]
    area = random.uniform(0.08, 1) * height * width
    ratio = math.exp(random.uniform(math.log(0.75), math.log(4 / 3)))
    wide = min(width, round(math.sqrt(area * ratio)))
    tall = min(height, round(math.sqrt(area / ratio)))
    left = random.randint(0, width - wide)
    top = random.randint(0, height - tall)
    return cv2.resize(image[top:top + tall, left:left + wide], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def jittered(image):
    """Brightness, contrast, saturation in one map of colours; hue apart, as everybody does."""
    pixels = image.astype(numpy.float32) * random.uniform(0.6, 1.4)
    contrast = random.uniform(0.6, 1.4)
    pixels = pixels * contrast + (1 - contrast) * float(pixels.mean(axis=(0, 1)) @ LUMA)
    saturation = random.uniform(0.6, 1.4)
    pixels = pixels * saturation + (1 - saturation) * (pixels @ LUMA)[..., None]
    hsv = cv2.cvtColor(numpy.clip(pixels, 0, 255).astype(numpy.uint8), cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(numpy.int16) + round(180 * random.uniform(-0.1, 0.1))) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


def augment(path):
    image = resized_crop(cv2.imread(path))
    return jittered(cv2.flip(image, 1) if random.random() < 0.5 else image).size


if __name__ == "__main__":
    work = augment if sys.argv[2] == "augment" else decode
    with open(sys.argv[1]) as file:
        paths = [line["path"] for line in csv.DictReader(file)]
    with multiprocessing.Pool(2, cv2.setNumThreads, [1]) as workers:
        print("ready", flush=True)
        for line in sys.stdin:
            begin = time.perf_counter_ns()
            chosen = (paths[i % len(paths)] for i in range(int(line) * BATCH))
            assert sum(workers.imap_unordered(work, chosen, BATCH)) == int(line) * BATCH * SIDE * SIDE * 3
            print(time.perf_counter_ns() - begin, flush=True)
