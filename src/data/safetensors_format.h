/* What the reader and the writer of .safetensors files share. */
#ifndef CLAE_DATA_SAFETENSORS_FORMAT_H
#define CLAE_DATA_SAFETENSORS_FORMAT_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied as they lie in the file");

#define SAFETENSORS_LENGTH_BYTES sizeof(uint64_t)
#define SAFETENSORS_HEADER_ALIGNMENT 8
#define SAFETENSORS_MAX_HEADER_BYTES ((size_t)16 << 20)
#define SAFETENSORS_METADATA "__metadata__"
#define SAFETENSORS_CRC "data_crc32"

#endif
