#include "traffic.h"

#include <stdlib.h>
#include <string.h>

enum { BANKS = 32, WORD = 4 };

/* Whether each lane has its neighbour's address at this distance, so that two parts of a wide access can go at once. */
static bool are_paired(const access *a, int distance) {
    for (int lane = 0; lane < LANES; lane++) {
        const int other = lane ^ distance;
        if (!(a->active >> lane & 1) || !(a->active >> other & 1)) continue;
        if (a->address[lane] != a->address[other]) return false;
    }
    return true;
}

/* Different words of one bank that some lanes want: one after the other. */
static int conflicts(const access *a, int first, int count) {
    uint64_t words[BANKS][LANES * 4];
    int used[BANKS] = {0}, most = 0;
    const uint32_t parts = a->bytes > WORD ? a->bytes / WORD : 1;
    for (int lane = first; lane < first + count; lane++) {
        if (!(a->active >> lane & 1)) continue;
        for (uint32_t part = 0; part < parts; part++) {
            const uint64_t word = a->address[lane] / WORD + part;
            const int bank = (int)(word % BANKS);
            int k = 0;
            while (k < used[bank] && words[bank][k] != word) k++;
            if (k < used[bank]) continue;
            words[bank][used[bank]++] = word;
            if (used[bank] > most) most = used[bank];
        }
    }
    return most;
}

/* 64 bits go by halves of the warp, 128 by quarters; by twice as many lanes where these are paired. */
int traffic_shared(const access *a) {
    int lanes = LANES, total = 0;
    if (a->bytes > WORD) {
        const bool paired = are_paired(a, 1) || are_paired(a, 2);
        lanes = LANES * WORD / (int)a->bytes * (paired ? 2 : 1);
    }
    for (int first = 0; first < LANES; first += lanes) total += conflicts(a, first, lanes);
    return total ? total : 1;
}

static void touch(touched *t, uint64_t sector) {
    const uint64_t line = sector / LINE_SECTORS;
    const uint8_t bit = (uint8_t)(1 << sector % LINE_SECTORS);
    for (int k = t->count - 1; k >= 0; k--) {
        if (t->line[k] != line) continue;
        t->sectors[k] |= bit;
        return;
    }
    if (t->count == MOST_LINES) return;
    t->line[t->count] = line;
    t->sectors[t->count++] = bit;
}

void traffic_global(const access *a, touched *t) {
    t->count = 0;
    for (int lane = 0; lane < LANES; lane++) {
        if (!(a->active >> lane & 1)) continue;
        for (uint64_t s = a->address[lane] / SECTOR_BYTES; s <= (a->address[lane] + a->bytes - 1) / SECTOR_BYTES; s++)
            touch(t, s);
    }
}

bool cache_create(cache *c, uint32_t bytes) {
    c->set_count = bytes / LINE_BYTES / CACHE_WAYS;
    c->sets = calloc(c->set_count ? c->set_count : 1, sizeof *c->sets);
    return c->sets != NULL;
}

void cache_release(cache *c) {
    free(c->sets);
}

static cache_line *find(cache *c, uint64_t line, bool make) {
    if (!c->set_count) return NULL;
    cache_line *set = c->sets[(line ^ line / c->set_count) % c->set_count], *oldest = set;
    for (int k = 0; k < CACHE_WAYS; k++) {
        if (set[k].line == line && set[k].sectors) return &set[k];
        if (set[k].used < oldest->used) oldest = &set[k];
    }
    if (!make) return NULL;
    *oldest = (cache_line){.line = line};
    return oldest;
}

uint8_t cache_missing(cache *c, uint64_t line, uint8_t sectors, long now, long *arrives) {
    cache_line *there = find(c, line, false);
    if (!there) return sectors;
    if (sectors & there->sectors && there->arrives > *arrives) *arrives = there->arrives;
    there->used = now;
    return sectors & (uint8_t)~there->sectors;
}

void cache_expect(cache *c, uint64_t line, uint8_t sectors, long now, long arrives) {
    cache_line *there = find(c, line, true);
    if (!there) return;
    there->sectors |= sectors;
    there->arrives = arrives;
    there->used = now;
}
