#!/usr/bin/env python3
"""Mutants of kernels: each is one fault as people make them, put into a copy of a .cl file; `clae selftest` must exit
with 3 for it, or cannot find it for the reason that its line gives.

    mutants.py PROGRAM KERNELS [--only NUMBER,...] [--device D]

PROGRAM is clae, KERNELS the folder cl/. A sample, unless numbers are given or CLAE_TEST_LONG is set. Exits with 77 where
there is no such device."""
import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

# Kernels in the style of GPUs take long to build and run on CPUs: few of them; and 33 images are not whole tiles.
SMALL = " --channels 8 --batch-size 33"
TILED = "--impl conv2d_fwd=tiled --impl conv_transpose2d_fwd=tiled" + SMALL
TILED_WGRAD = "--impl conv2d_bwd_weights=tiled --impl conv_transpose2d_bwd_weights=tiled" + SMALL
IM2COL = "--impl conv2d_fwd=im2col --impl gemm=plain" + SMALL
FEW = "--impl conv2d_fwd=few --impl conv_transpose2d_fwd=few --encoder 'conv 8 k5' --batch-size 5"
CHAIN = ("--impl conv_chain_fwd=local --impl conv_chain_bwd_data=local --batch-size 5 "
         "--encoder 'conv 12 k3 s2, relu, conv 9 k3 s2, relu, linear 6'")
NORMS = "--encoder 'conv 8 k3 s2, batch_norm, relu, residual(conv 8 k3 p1), relu, linear 4' --batch-size 33"
AUGMENTED = "--flip hv --rotate --shift 2 --noise 0.1" + SMALL

SELFTEST = "selftest"
# Why the self-test of the lecture's network cannot find a mutant.
RACE = "a race that CPUs do not run into; oclgrind finds it in the op tests"
OUTSIDE = "reads outside, and does not store what it makes of that; oclgrind finds it in the op tests"
ZERO = "reads the numbers behind a row, and multiplies them by zero; the op tests, which have NaN there, find it"
SQUARE = "the network has square kernels alone; the op tests find it"
LINES = "a network's parameters fill whole cache lines; the op tests find it"

# What the self-test was once blind to: later images, later chunks of the batch, the index buffer, epsilon.
SAMPLE = [8, 13, 24, 29]

# What the mutant is, the file, what is replaced by what, options, and what finds it.
MUTANTS = [
    ('dropped tap at the border', 'conv_gather_spread_direct.cl',
     'max(min(p.all, in_size - in) - skipped, 0)',
     'max(min(p.all, in_size - in) - skipped - (in_size - in < p.all), 0)', "", SELFTEST),
    ('dropped last tap', 'conv_gather_spread_direct.cl',
     'return (taps){p.slot + skipped, in + skipped, max(min(p.all, in_size - in) - skipped, 0)}',
     'return (taps){p.slot + skipped, in + skipped, max(min(p.all, in_size - in) - skipped - 1, 0)}', "", SELFTEST),
    ('spread off by one', 'conv_gather_spread_direct.cl',
     '(out + pad) / stride - all + 1, 1}',
     '(out + pad) / stride - all + 1 + (all > 1), 1}', "", SELFTEST),
    ('wrong stride in gather', 'conv_gather_spread_direct.cl',
     '{0, kernel_size, out * stride - pad, stride}',
     '{0, kernel_size, out * stride - pad, max(stride - 1, 1)}', "", SELFTEST),
    ('wrong bias index', 'conv_gather_spread_direct.cl',
     'VLOAD(LANES)(0, bias + c);',
     'VLOAD(LANES)(0, bias);', "", SELFTEST),
    ('mask inverted', 'conv_gather_spread_direct.cl',
     'VLOAD(LANES)(0, e.mask + c) <= 0 ?',
     'VLOAD(LANES)(0, e.mask + c) > 0 ?', "", SELFTEST),
    ('mask < instead of <= (vector)', 'conv_gather_spread_direct.cl',
     'VLOAD(LANES)(0, e.mask + c) <= 0 ?',
     'VLOAD(LANES)(0, e.mask + c) < 0 ?', "", SELFTEST),
    ('uninitialised accumulators', 'conv_gather_spread_direct.cl',
     'sums[p][v] = (lanes)(0);',
     'if (p) sums[p][v] = (lanes)(0);', "", SELFTEST),
    ('images beyond the 2nd read the first two', 'conv_gather_spread_direct.cl',
     'in + i * in_image',
     'in + (i % 2) * in_image', "", SELFTEST),
    ('wrong step between images of a shared tile', 'conv_gather_spread_direct.cl',
     '(positions){at.shared, at.shared + 1, in_image, out_image, at.first - at.shared}',
     '(positions){at.shared, at.shared + 1, out_image, out_image, at.first - at.shared}', "", SELFTEST),
    ('batch remainder: unstored off by one', 'conv_gather_spread_direct.cl',
     'at.first - at.shared};',
     'at.first - at.shared + (at.first != at.shared)};', "--batch-size 33", SELFTEST),
    ('swapped kernel_h and kernel_w', 'conv_gather_spread_direct.cl',
     'phase_of(spread, y, g.kernel_h, g.stride_h, g.pad_h)',
     'phase_of(spread, y, g.kernel_w, g.stride_w, g.pad_w)', "", SQUARE),
    ('second block of channels uses the first weights', 'conv_gather_spread_direct.cl',
     'packed + (size_t)block * block_weights,',
     'packed,', "--channels 64", SELFTEST),
    ('wgrad: only the first 2 chunks are added', 'conv_wgrad_direct.cl',
     'for (int chunk = 0; chunk < chunks; chunk++) sum += VLOAD(LANES)(0, partial',
     'for (int chunk = 0; chunk < min(chunks, 2); chunk++) sum += VLOAD(LANES)(0, partial', "", SELFTEST),
    ('wgrad: dbias only of the first 2 chunks', 'conv_wgrad_direct.cl',
     'for (int chunk = 0; chunk < chunks; chunk++) sum += partial[chunk * slice + i];',
     'for (int chunk = 0; chunk < min(chunks, 2); chunk++) sum += partial[chunk * slice + i];', "", SELFTEST),
    ('wgrad: remainder of the batch dropped', 'conv_wgrad_direct.cl',
     'end = min(first + chunk, n);',
     'end = first + chunk <= n ? first + chunk : first;', "", SELFTEST),
    ('wgrad: sums not zeroed', 'conv_wgrad_direct.cl',
     'i++) partial[i] = 0;',
     'i++) if (i) partial[i] = 0;', "", SELFTEST),
    ('wgrad: last tile added twice', 'conv_wgrad_direct.cl',
     'if (t < unadded) continue;',
     '', "", SELFTEST),
    ('wgrad: one image too many in a block', 'conv_wgrad_direct.cl',
     'min(IMAGES, end - image), min(row',
     'IMAGES, min(row', "", SELFTEST),
    ('winograd: last tiles wrong (remainder)', 'conv_gather_spread_winograd.cl',
     'int first = min(i, tiles - POSITIONS);',
     'int first = min(i, max(tiles - POSITIONS - 1, 0));', "", SELFTEST),
    ('winograd: images beyond the 2nd', 'conv_gather_spread_winograd.cl',
     'in + image * in_image, CHUNK',
     'in + (image % 2) * in_image, CHUNK', "", SELFTEST),
    ('winograd wgrad: first 2 chunks only', 'winograd_wgrad.cl',
     'for (int chunk = 0; chunk < chunks; chunk++) sum += VLOAD(LANES)(0, p + chunk * slice);',
     'for (int chunk = 0; chunk < min(chunks, 2); chunk++) sum += VLOAD(LANES)(0, p + chunk * slice);', "", SELFTEST),
    ('winograd: mask < instead of <=', 'winograd_tile.cl',
     'x * x_stride) <= 0 ?',
     'x * x_stride) < 0 ?', "", SELFTEST),
    ('load_batch: always the first images', 'load_batch.cl',
     'indices[indices_offset + i]',
     'indices[i]', "", SELFTEST),
    ('load_batch: indices ignored', 'load_batch.cl',
     '(ulong)indices[indices_offset + i]',
     '(ulong)(indices_offset + i)', "", SELFTEST),
    ('loss: total of the first 8 chunks', 'loss.cl',
     'for (uint i = get_local_id(0); i < chunks;',
     'for (uint i = get_local_id(0); i < min(chunks, 8u);', "", SELFTEST),
    ('loss: factor 0.5 dropped', 'loss.cl',
     '= scale * total',
     '= 2.0f * scale * total', "", SELFTEST),
    ('adam: bias correction of v dropped', 'optimisers.def',
     '(SQRT(s1) / r1 + r6)',
     '(SQRT(s1) + r6)', "", SELFTEST),
    ('update: last element left out', 'update.cl',
     't < count; ++t)',
     't < count - 1; ++t)', "", LINES),
    ('adam: epsilon 1000 times larger', 'optimisers.def',
     '/ r1 + r6)',
     '/ r1 + 1000.0f * r6)', "", SELFTEST),
    ('relu backward: the gradient of zero let through (no fusion)', 'activation.cl',
     'const T y = x;',
     'const T y = x + 1e-30f;', "--no-fusion", SELFTEST),
    ('bias: wrong index (no fusion)', 'bias.cl',
     'b + e % channels',
     'b', "--no-fusion", SELFTEST),
    ('reduce_sum: one of four rows dropped (no fusion)', 'reduce_sum.cl',
     'sum3 += VLOAD(VEC)(0, p + 3 * (ulong)columns);',
     '', "--no-fusion", SELFTEST),
    ('tiled: first barrier missing', 'conv_gather_spread_tiled.cl',
     'barrier(CLK_LOCAL_MEM_FENCE);\n        if (s.row == first_row)',
     'if (s.row == first_row)', TILED, RACE),
    ('tiled: second barrier missing', 'conv_gather_spread_tiled.cl',
     's, out0, i));\n        }\n        barrier(CLK_LOCAL_MEM_FENCE);',
     's, out0, i));\n        }', TILED, RACE),
    ('tiled: taps of spread not reversed', 'conv_tile.cl',
     's.phase + stride * (s.taps - 1 - i)',
     's.phase + stride * i', TILED, SELFTEST),
    ('tiled: image bound unchecked when reading', 'conv_tile.cl',
     'in_y < IN_H && in_image < images;',
     'in_y < IN_H;', TILED, OUTSIDE),
    ('tiled: image bound unchecked when writing', 'conv_tile.cl',
     'of_image < TILE_N && of_image < images &&',
     'of_image < TILE_N &&', TILED, SELFTEST),
    ('tiled: the last slice is left out', 'conv_gather_spread_tiled.cl',
     'part < SLICES; part++',
     'part < SLICES - 1; part++', TILED, SELFTEST),
    ('tiled: a tap too few at the border', 'conv_gather_spread_tiled.cl',
     'return min(s.taps, size - s.in);',
     'return min(s.taps, size - s.in - 1);', TILED, SELFTEST),
    ('tiled: the next chunk is read from the present one', 'conv_gather_spread_tiled.cl',
     'v * LOCAL, next.c0);',
     'v * LOCAL, s.c0);', TILED + " --channels 16", SELFTEST),
    ('few: a tap too few in a row', 'conv_gather_spread_few_in.cl',
     't < TAPS_X * IN_C; t++',
     't < TAPS_X * IN_C - 1; t++', FEW, SELFTEST),
    ('few: the second row of an item from the first', 'conv_gather_spread_few_out.cl',
     'int ky = row - y * STEP_Y;',
     'int ky = row;', FEW, SELFTEST),
    ('few: images beyond the last are read', 'conv_gather_spread_few_out.cl',
     'bool is_row = is_image && ',
     'bool is_row = ', FEW, OUTSIDE),
    ('gemm_tiled: barrier missing after the product', 'gemm_plain.cl',
     '        }\n        barrier(CLK_LOCAL_MEM_FENCE);\n    }\n#pragma unroll\n    for (uint i = 0; i < 4; ++i) {',
     '        }\n    }\n#pragma unroll\n    for (uint i = 0; i < 4; ++i) {', IM2COL, RACE),
    ('gemm_tiled: k remainder unchecked', 'gemm_plain.cl',
     'row + ai < m && k0 + ak < k_end ?',
     'row + ai < m ?', IM2COL, ZERO),
    ('im2col: swapped kh and kw', 'conv_im2col.cl',
     'const int ky = tap / KW, kx = tap - ky * KW;\n    const int y',
     'const int ky = tap % KW, kx = tap / KW;\n    const int y', IM2COL, SELFTEST),
    ('augment: shifted the other way', 'augment.cl',
     '(int)(r - n * h) - dy',
     '(int)(r - n * h) + dy', AUGMENTED, SELFTEST),
    ('augment: images beyond the 2nd turn as the first two', 'augment.cl',
     'first_image + n',
     'first_image + n % 2', AUGMENTED, SELFTEST),
    ('noise: the second pair has the radius of the first', 'noise.cl',
     'gaussian_radius(bits.z)',
     'gaussian_radius(bits.x)', AUGMENTED, SELFTEST),
    ('tiled wgrad: barrier missing', 'conv_wgrad_tiled.cl',
     'barrier(CLK_LOCAL_MEM_FENCE);\n        left -= STEP;',
     'left -= STEP;', TILED_WGRAD, SELFTEST),
    ('tiled wgrad: positions not carried to the next image', 'conv_wgrad_tiled.cl',
     'p.y -= NARROW_H;\n        p.image++;',
     'p.y -= NARROW_H;', TILED_WGRAD, SELFTEST),
    ('tiled wgrad: last positions of a chunk dropped', 'conv_wgrad_tiled.cl',
     'position < left ?',
     'position < left - 1 ?', TILED_WGRAD, SELFTEST),
    ('wgrad by parts: every fourth chunk of a lane dropped', 'conv_wgrad_parts.cl',
     'for (int i = 0; i < 4; i++) sums[i] +=',
     'for (int i = 0; i < 3; i++) sums[i] +=', TILED_WGRAD, SELFTEST),
    ('wgrad by parts: dbias without the last pixels', 'conv_wgrad_bias.cl',
     'pixel + i * lanes_p < end ?',
     'pixel + i * lanes_p < end - lanes_p ?', TILED_WGRAD, SELFTEST),
    ('chain: the last slice is left out', 'conv_chain.cl',
     'slice < h.slices; slice++',
     'slice < h.slices - 1; slice++', CHAIN, SELFTEST),
    ('chain: the next stage gets what is before relu', 'conv_chain.cl',
     'row, column, o)] = sum;',
     'row, column, o)] = sums[e];', CHAIN, SELFTEST),
    ('chain: mask inverted', 'conv_chain.cl',
     'extra[at] <= 0.0f',
     'extra[at] > 0.0f', CHAIN, SELFTEST),
    ('chain: each image has the mask of the first', 'conv_chain.cl',
     'if (s.has_mask) extra += image',
     'if (s.has_mask) extra += 0 * image', CHAIN, SELFTEST),
    ('chain: a tap too few of those that are there', 'conv_chain.cl',
     'last - first + 1};',
     'last - first};', CHAIN, SELFTEST),
    ('chain: the second phase begins as the first', 'conv_chain.cl',
     'const int tap = (number + pad) % stride;',
     'const int tap = pad % stride;', CHAIN, SELFTEST),
    ('norm: relu left out', 'norm_join.cl',
     'return relu ?',
     'return 0 ?', NORMS, SELFTEST),
    ('add: relu left out', 'add.cl',
     '#ifdef RELU',
     '#ifdef NONE', NORMS, SELFTEST),
]


def mutate(folder, kernels, mutant):
    name, file, old, new, _, _ = mutant
    formulas = kernels.parent / "src" / "ops"  # which C and OpenCL share
    text = (kernels / file if (kernels / file).exists() else formulas / file).read_text()
    if old not in text:
        sys.exit(f"{name}: {file} no longer has {old!r}: the table must follow the kernel")
    (folder / file).write_text(text.replace(old, new, 1))


def selftest(program, device, kernels, options):
    command = [program, "selftest", "--device", device, *shlex.split(options)]
    if kernels:
        command += ["--kernels", str(kernels)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("kernels", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--device", default="opencl")
    args = parser.parse_args()
    numbers = range(len(MUTANTS)) if os.environ.get("CLAE_TEST_LONG") else SAMPLE
    if args.only:
        numbers = [int(n) for n in args.only.split(",")]
    found = missed = 0
    for options in sorted({MUTANTS[n][4] for n in numbers}):
        right = selftest(args.program, args.device, None, options)
        if "no device" in right.stderr:
            print(right.stderr)
            sys.exit(77)
        if right.returncode != 0:
            sys.exit(f"the right kernels fail with {options!r}: {right.stdout}{right.stderr}")
    for n in numbers:
        name, file, _, _, options, finder = MUTANTS[n]
        with tempfile.TemporaryDirectory() as folder:
            mutate(pathlib.Path(folder), args.kernels, MUTANTS[n])
            result = selftest(args.program, args.device, folder, options)
        is_found = result.returncode == 3 or "WRONG" in result.stdout  # some take the program down later
        found += is_found
        missed += not is_found and finder == SELFTEST
        print(f"{n:2} {'found' if is_found else 'MISSED' if finder == SELFTEST else finder}: {file}, {name}", flush=True)
    print(f"{found} found, {missed} missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
