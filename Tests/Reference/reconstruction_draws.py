"""The program's random draws, for reference implementations that have to draw the same (Sources/TensorCore).

A generator is SplitMix64; its state is the seed, stirred by the bytes of the stream's name. Which elements of an
activation are dropped follows from a 32-bit hash of their numbers.
"""
import numpy as np

MASK = (1 << 64) - 1


class Generator:
    """SplitMix64 (Steele, Lea, Flood, 2014) with a stream's name stirred into its seed."""

    def __init__(self, seed, stream):
        self.state = seed
        for byte in stream.encode():
            self.state = (self.state ^ byte) * 0x100000001B3 & MASK
            self.next()
        self.next()

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31

    def permutation(self, count):
        order = list(range(count))
        for position in range(count - 1, 0, -1):
            other = (self.next() >> 32) * (position + 1) >> 32
            order[position], order[other] = order[other], order[position]
        return order


def signs(generator, count):
    """Random signs: the highest bit of a number decides."""
    return np.array([1.0 if generator.next() >> 63 == 0 else -1.0 for _ in range(count)])


class Batches:
    """All images in random order, drawn from the end; then again in another order."""

    def __init__(self, images, generator):
        self.images, self.generator, self.rest = images, generator, []

    def next(self, count):
        batch = []
        while len(batch) < count:
            if not self.rest:
                self.rest = self.generator.permutation(self.images)
            taken = min(len(self.rest), count - len(batch))
            batch += self.rest[len(self.rest) - taken:]
            del self.rest[len(self.rest) - taken:]
        return batch


def chosen(share, seed, count):
    """Which of `count` elements are chosen: those whose hash (MurmurHash3's mixing), 24 bits, is below the share."""
    h = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 & 0xFFFFFFFF) ^ np.uint64(seed)
    h = (h ^ h >> np.uint64(16)) * np.uint64(0x85EBCA6B) & np.uint64(0xFFFFFFFF)
    h = (h ^ h >> np.uint64(13)) * np.uint64(0xC2B2AE35) & np.uint64(0xFFFFFFFF)
    return ((h ^ h >> np.uint64(16)) >> np.uint64(8)) < round(share * (1 << 24))


def input_choice(step_seed, share, count):
    """Which elements of a batch's inputs are those of full precision."""
    return chosen(share, step_seed ^ 0x5851F42D, count)


def site_choice(step_seed, share, site, count):
    """Which of a site's values over a batch are quantized, given the share that is not."""
    return chosen(1 - share, (step_seed + site * 0x9E3779B9) & 0xFFFFFFFF, count)
