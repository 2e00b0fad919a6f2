/* Tests of a format of images: formats/NAME.c has files of it and what they hold; test_formats.c does all the rest. */
#ifndef CLAE_TESTS_FORMAT_TEST_H
#define CLAE_TESTS_FORMAT_TEST_H

#include "data_support.h"

#include "base/memory.h"
#include "data/dataset.h"

#define FORMAT_TEST_MAX_BYTES 4096

/* What each format's file defines. */
#define FORMAT(name) void format_test_##name(scene *s);
#include "data/formats.def"
#undef FORMAT

/* The file is read as images of the shape with these pixels, [n][h][w][c], also by pieces of gzip; every other length
 * is refused. */
void format_test_reads(scene *s, const uint8_t *file, size_t bytes, const clae_dataset_info *shape,
                       const float *pixels);

/* The file is refused, and its gzip too, with `words` in the message, within a GiB of memory. */
void format_test_refuses(scene *s, const uint8_t *file, size_t bytes, const char *words);

/* Each of the header's first `bits` bits, flipped, makes a file that is refused. */
void format_test_refuses_flips(scene *s, const uint8_t *file, size_t bytes, size_t bits);

#endif
