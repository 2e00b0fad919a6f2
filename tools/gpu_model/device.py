"""GPUs: what the model knows of them. Rates are those that measurements of others have shown, not the makers'."""
import collections

# sms: multiprocessors; clock: GHz, under load; bytes a second of the second cache and of memory; bytes of that cache, of
# what groups of a multiprocessor may share, and of that and its own cache together; latencies in cycles; tensor_cycles: of
# a product by mma.sync; launch: microseconds from one kernel's end to the next one's start.
Device = collections.namedtuple("Device", "target sms clock l2_rate memory_rate l2_bytes shared_bytes cache_bytes "
                                          "latency memory_latency tensor_cycles launch")

DEVICES = {
    "h100": Device("sm_90", 132, 1.755, 5.6e12, 3.0e12, 50 << 20, 228 << 10, 256 << 10, 280, 600, 7, 2.0),
    "h200": Device("sm_90", 132, 1.755, 5.6e12, 4.2e12, 50 << 20, 228 << 10, 256 << 10, 280, 600, 7, 2.0),
    "a100": Device("sm_80", 108, 1.41, 4.0e12, 1.4e12, 40 << 20, 164 << 10, 192 << 10, 260, 600, 8, 2.5),
}
REGISTERS, REGISTER_STEP, WARPS, GROUPS, PARTS, RESERVED = 65536, 256, 64, 32, 4, 1024
PRODUCTS = 128   # a cycle, of a multiprocessor
PORT_BYTES = 64  # a cycle, of a multiprocessor
FETCHED_SECTORS = 2  # that come from memory together, so that the second one waits for less


def round_up(number, step):
    return -(-number // step) * step


def occupancy(device, registers, shared_bytes, items):
    """Work-groups that a multiprocessor holds."""
    warps = round_up(items, 32) // 32
    of_part = REGISTERS // PARTS // round_up(max(registers, 1) * 32, REGISTER_STEP)
    by_registers = PARTS * of_part // warps
    by_shared = device.shared_bytes // round_up(shared_bytes + RESERVED, 128)
    return max(1, min(by_registers, by_shared, WARPS // warps, GROUPS))


def peak(device):
    """FLOP/s of fused multiply-adds."""
    return 2 * device.sms * PRODUCTS * device.clock * 1e9


def cache_bytes(device, resident, shared_bytes):
    """What is left beside shared memory, which is taken in steps."""
    taken = round_up(resident * (shared_bytes + RESERVED), 16 << 10)
    return max(device.cache_bytes - taken - (8 << 10), 16 << 10)


def bytes_per_cycle(device, active):
    """From the second cache to one of so many multiprocessors that ask it."""
    return min(PORT_BYTES, device.l2_rate / (device.clock * 1e9) / max(active, 1))


def latency(device, touched_bytes):
    """Mean latency of global memory, when so much is touched that was written before."""
    beyond = max(0.0, 1 - device.l2_bytes / 2 / max(touched_bytes, 1)) / FETCHED_SECTORS
    return device.latency + beyond * (device.memory_latency - device.latency)
