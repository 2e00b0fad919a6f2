/* What the reader and the writer of .safetensors files share. */
#ifndef CLAE_DATA_SAFETENSORS_FORMAT_H
#define CLAE_DATA_SAFETENSORS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied as they lie in the file");

#define SAFETENSORS_LENGTH_BYTES sizeof(uint64_t)
#define SAFETENSORS_HEADER_ALIGNMENT 8
/* A checkpoint of the largest model, of 512 layers, needs half of it. JSON takes up to 80 times its size in memory. */
#define SAFETENSORS_MAX_HEADER_BYTES ((size_t)1 << 20)
#define SAFETENSORS_METADATA "__metadata__"
#define SAFETENSORS_DATA_CRC "data_crc32"
#define SAFETENSORS_HEADER_CRC "header_crc32"
#define SAFETENSORS_CRC_DIGITS 8

/* The CRC-32 of a header's text as it is with zeros in the place of its own digits; *digits is where these are, NULL
 * where there are none. */
uint32_t safetensors_header_crc(const char *header, size_t bytes, const char **digits);

#endif
