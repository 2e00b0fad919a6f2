/* What an access of a warp asks of memory. */
#ifndef CLAE_TESTS_GPU_SM_TRAFFIC_H
#define CLAE_TESTS_GPU_SM_TRAFFIC_H

#include "machine.h"

enum { SECTOR_BYTES = 32, LINE_BYTES = 128, LINE_SECTORS = LINE_BYTES / SECTOR_BYTES, MOST_LINES = 4 * LANES };

/* Cycles that shared memory is busy, by its banks. */
int traffic_shared(const access *a);

/* Lines of a cache, each with a bit for every sector that is touched; their number. */
typedef struct touched {
    uint64_t line[MOST_LINES];
    uint8_t sectors[MOST_LINES];
    int count;
} touched;
void traffic_global(const access *a, touched *t);

/* A multiprocessor's cache: of four ways, whose entries also say when their sectors arrive. */
typedef struct cache_line {
    uint64_t line;
    uint8_t sectors;
    long arrives, used;
} cache_line;

enum { CACHE_WAYS = 4 };
typedef struct cache {
    cache_line (*sets)[CACHE_WAYS];
    uint32_t set_count; /* 0: there is no cache */
} cache;

bool cache_create(cache *cache, uint32_t bytes);
void cache_release(cache *cache);
/* Sectors of a line that have to be fetched; `arrives`: when those that are there or on their way are there. */
uint8_t cache_missing(cache *cache, uint64_t line, uint8_t sectors, long now, long *arrives);
/* Those will be there from then on. */
void cache_expect(cache *cache, uint64_t line, uint8_t sectors, long now, long arrives);

#endif
