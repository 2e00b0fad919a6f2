#include "check/selftest_trial.h"

#include "base/memory.h"
#include "base/philox.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBERS = 65537, /* a prime: no two images are alike */
    LINE_FLOATS = 16,
    END_FLOATS = 4096, /* behind each output */
    MORE_IMAGES = 7,   /* in the dataset than in the batch */
};

static const op_operand_kind *kind_of(const op_desc *desc, int operand) {
    return &op_kind_of(desc->op)->operand[operand];
}

/* Taken from the random numbers that are there already. */
static bool is_fresh(const op_desc *desc, int operand) {
    const op_operand_kind *kind = kind_of(desc, operand);
    return kind->use == OPERAND_IN && kind->draw == DRAW_NUMBERS;
}

static bool is_only_written(const op_desc *desc, int operand) {
    return kind_of(desc, operand)->use == OPERAND_OUT;
}

/* As in a plan. */
static bool has_own_buffer(const op_desc *desc, int operand) {
    const op_operand_kind *kind = kind_of(desc, operand);
    return kind->use == OPERAND_IN && (kind->draw == DRAW_ELEMENTS || kind->draw == DRAW_INDICES);
}

static philox_stream stream_of(uint32_t number) {
    return (philox_stream){0, PHILOX_SELFTEST, number};
}

static op_step step_of(const op_desc *desc) {
    const op_kind *kind = op_kind_of(desc->op);
    return kind->trial_step ? kind->trial_step(desc) : (op_step){0};
}

static size_t first_index(const op_desc *desc) {
    return step_of(desc).first;
}

static size_t operand_floats(const op_desc *desc, int operand) {
    if (!has_own_buffer(desc, operand)) return op_operand_count(desc, operand);
    const size_t n = desc->load_batch.n, images = (n + MORE_IMAGES) * desc->load_batch.image_elements;
    if (kind_of(desc, operand)->draw == DRAW_INDICES) return n + first_index(desc);
    return desc->load_batch.from_float ? images : images / sizeof(float) + 1;
}

static size_t round_up(size_t floats) {
    return (floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

/* Room for an operand, and for what may be written behind it. */
static size_t room_of(const op_desc *desc, int operand, size_t floats) {
    return round_up(floats) + (is_only_written(desc, operand) ? END_FLOATS : 0);
}

/* What is read alone comes first, from the start; the rest stands at the end. Returns the floats of all. */
static size_t place_operands(const op_desc *desc, size_t floats, selftest_place place[OP_MAX_OPERANDS]) {
    size_t first = 0, last = floats, total = 0;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        place[k] = (selftest_place){0, operand_floats(desc, k)};
        if (!place[k].floats) continue;
        const size_t room = room_of(desc, k, place[k].floats);
        total += room;
        if (is_fresh(desc, k)) {
            place[k].offset = first;
            first += room;
        } else {
            last -= room; /* meaningless, and not used, while `floats` is not known */
            place[k].offset = last;
        }
    }
    return total;
}

/* Empty where the op has none. */
static op_grid grid_of(const op_desc *desc) {
    const op_kind *kind = op_kind_of(desc->op);
    return kind->grid ? kind->grid(desc) : (op_grid){0};
}

void selftest_trial_include(selftest_trial *trial, const op_desc *desc, size_t workspace_bytes) {
    selftest_place place[OP_MAX_OPERANDS];
    const size_t floats = place_operands(desc, 0, place);
    if (floats > trial->floats) trial->floats = floats;
    if (workspace_bytes > trial->workspace_bytes) trial->workspace_bytes = workspace_bytes;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!place[k].floats || !op_operand_is_output(desc->op, k)) continue;
        const selftest_parts parts = selftest_parts_of(desc, k);
        const size_t fetched = selftest_looked_at(&parts) * parts.floats;
        if (fetched > trial->got_floats) trial->got_floats = fetched;
    }
    if (trial->got_floats < OP_MAX_OPERANDS * END_FLOATS) trial->got_floats = OP_MAX_OPERANDS * END_FLOATS;
    const op_grid grid = grid_of(desc);
    if (grid.n * grid.per_image > trial->most_pixels) trial->most_pixels = grid.n * grid.per_image;
}

static clae_status get_buffer(clae_device *device, size_t bytes, buffer *borrowed, buffer **out, bool *is_own) {
    *is_own = !borrowed || borrowed->bytes < bytes;
    if (*is_own) return buffer_create(device, bytes, out);
    *out = borrowed;
    return CLAE_OK;
}

static void draw_numbers(float numbers[NUMBERS]) {
    enum { AT_ONCE = 1024 };
    uint32_t bits[AT_ONCE];
    for (size_t first = 0; first < NUMBERS; first += AT_ONCE) {
        const size_t count = NUMBERS - first < AT_ONCE ? NUMBERS - first : AT_ONCE;
        philox_fill_bits(stream_of(1), first, bits, count);
        for (size_t i = 0; i < count; i++) numbers[first + i] = (float)(2 * philox_to_uniform(bits[i]) - 1);
    }
}

clae_status selftest_trial_open(clae_device *device, buffer *memory, buffer *workspace, selftest_trial *trial) {
    const size_t bytes = trial->floats * sizeof(float);
    trial->device = device;
    trial->host = malloc(bytes);
    trial->got = malloc(trial->got_floats * sizeof(float));
    trial->numbers = malloc(NUMBERS * sizeof(float));
    trial->pixels = malloc((trial->most_pixels + 1) * sizeof *trial->pixels);
    trial->joined = malloc((trial->most_pixels + 1) * sizeof *trial->joined);
    if (!trial->joined || !trial->host || !trial->got || !trial->numbers || !trial->pixels)
        return fail_memory(device->context, bytes, "the self-test");
    draw_numbers(trial->numbers);
    const clae_status status = get_buffer(device, bytes, memory, &trial->memory, &trial->owns_memory);
    if (status != CLAE_OK) return status;
    return get_buffer(device, trial->workspace_bytes, workspace, &trial->workspace, &trial->owns_workspace);
}

static void free_own(selftest_trial *trial) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        buffer_free(trial->own[k]);
        trial->own[k] = NULL;
    }
}

void selftest_trial_close(selftest_trial *trial) {
    free_own(trial);
    if (trial->owns_memory) buffer_free(trial->memory);
    if (trial->owns_workspace) buffer_free(trial->workspace);
    free(trial->host);
    free(trial->got);
    free(trial->numbers);
    free(trial->pixels);
    free(trial->joined);
    *trial = (selftest_trial){0};
}

static void copy_numbers(const selftest_trial *trial, size_t first, size_t end) {
    for (size_t i = first; i < end;) {
        const size_t from = i % NUMBERS, left = NUMBERS - from, count = end - i < left ? end - i : left;
        memcpy(trial->host + i, trial->numbers + from, count * sizeof(float));
        i += count;
    }
}

static void draw_mask(float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)i * 2654435761u >> 16;
        values[i] = bits % 4 == 0 ? 0.0f : bits % 4 == 1 ? -0.5f : (float)(bits % 255) + 1;
    }
}

static void draw_signs(const selftest_trial *trial, int operand, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)i * 2654435761u >> 16;
        values[i] = bits % 4 == 0 ? 0.0f : 4 * trial->numbers[(i + (size_t)operand * 20011) % NUMBERS];
    }
}

static void draw_indices(const op_desc *desc, uint32_t *indices) {
    const size_t n = desc->load_batch.n;
    for (size_t i = 0; i < n + first_index(desc); i++)
        indices[i] = philox_bits(stream_of(2), i) % (uint32_t)(n + MORE_IMAGES);
}

/* Ordinary numbers, and in every other element so small ones that an optimiser's epsilon counts. */
static void draw_gradients(const selftest_trial *trial, int operand, op_draw how, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float number = trial->numbers[(i + (size_t)operand * 20011) % NUMBERS], scale = i % 2 ? 1e-8f : 1;
        values[i] = how == DRAW_SQUARES ? 1e-3f * scale * scale * (number + 2) : scale * number;
    }
}

static void draw_weights(const selftest_trial *trial, int operand, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = 0.01f * trial->numbers[(i + (size_t)operand * 20011) % NUMBERS];
}

static int ascending(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Of each image, positions as the others are chosen, without those chosen twice. */
static void choose_pixels(selftest_trial *trial, const op_grid *grid) {
    trial->pixel_count = 0;
    for (size_t n = 0; n < grid->n; n++) {
        uint32_t *own = trial->pixels + trial->pixel_count;
        size_t count = 0;
        for (size_t i = 0; i < grid->per_image; i++) {
            const size_t index = n * grid->per_image + i;
            const size_t y = selftest_position(grid->h, 0, index), x = selftest_position(grid->w, 1, index);
            own[count++] = (uint32_t)((n * grid->h + y) * grid->w + x);
        }
        qsort(own, count, sizeof *own, ascending);
        size_t kept = 0;
        for (size_t i = 0; i < count; i++)
            if (kept == 0 || own[i] != own[kept - 1]) own[kept++] = own[i];
        trial->pixel_count += kept;
    }
}

/* Changes the chosen pixels of what is there: zeros, or another operand. */
static void draw_pixels(selftest_trial *trial, float *values) {
    const op_grid grid = grid_of(&trial->desc);
    choose_pixels(trial, &grid);
    for (size_t i = 0; i < trial->pixel_count; i++)
        for (size_t c = 0; c < grid.c; c++)
            values[trial->pixels[i] * grid.c + c] += trial->numbers[(i * grid.c + c + 30011) % NUMBERS];
}

static void draw_operand(selftest_trial *trial, int k) {
    float *values = trial->host + trial->place[k].offset;
    const size_t count = trial->place[k].floats;
    const op_draw how = kind_of(&trial->desc, k)->draw;
    switch (how) {
    case DRAW_NUMBERS:
    case DRAW_ELEMENTS:
        copy_numbers(trial, trial->place[k].offset, trial->place[k].offset + count);
        break;
    case DRAW_MASK:
        draw_mask(values, count);
        break;
    case DRAW_SIGNS:
        draw_signs(trial, k, values, count);
        break;
    case DRAW_PIXELS:
        memset(values, 0, count * sizeof *values);
        draw_pixels(trial, values);
        break;
    case DRAW_TARGET:
        memcpy(values, selftest_operand(trial, 0), count * sizeof *values);
        draw_pixels(trial, values);
        break;
    case DRAW_INDICES:
        draw_indices(&trial->desc, (uint32_t *)(void *)values);
        break;
    case DRAW_WEIGHTS:
        draw_weights(trial, k, values, count);
        break;
    case DRAW_GRADIENTS:
    case DRAW_SQUARES:
        draw_gradients(trial, k, how, values, count);
        break;
    }
}

static clae_status upload(const selftest_trial *trial, size_t first, size_t end) {
    if (first >= end) return CLAE_OK;
    return buffer_upload(trial->memory, first * sizeof(float), trial->host + first, (end - first) * sizeof(float));
}

/* Draws anew what other ops have written over. */
static clae_status freshen(selftest_trial *trial) {
    size_t end = 0, first_other = trial->floats;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        const selftest_place *p = &trial->place[k];
        if (!p->floats) continue;
        const bool is_drawn = is_fresh(&trial->desc, k);
        if (is_drawn && p->offset + p->floats > end) end = p->offset + p->floats;
        if (!is_drawn && p->offset < first_other) first_other = p->offset;
    }
    const size_t first = trial->fresh;
    if (end > first) {
        copy_numbers(trial, first, end);
        trial->fresh = end;
    }
    if (trial->fresh > first_other) trial->fresh = first_other;
    return upload(trial, first, end);
}

static clae_status fill_operand(selftest_trial *trial, int k) {
    const selftest_place *p = &trial->place[k];
    const op_desc *desc = &trial->desc;
    if (!p->floats || is_fresh(desc, k)) return CLAE_OK;
    if (is_only_written(desc, k)) return buffer_fill(trial->memory, p->offset, room_of(desc, k, p->floats), NAN);
    draw_operand(trial, k);
    if (has_own_buffer(desc, k)) {
        const clae_status status = buffer_create(trial->device, p->floats * sizeof(float), &trial->own[k]);
        const float *values = trial->host + p->offset;
        return status == CLAE_OK ? buffer_upload(trial->own[k], 0, values, p->floats * sizeof(float)) : status;
    }
    return upload(trial, p->offset, p->offset + p->floats);
}

static void bind_operands(selftest_trial *trial) {
    trial->args = (op_args){.workspace = {trial->workspace, 0}};
    const op_desc *desc = &trial->desc;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!trial->place[k].floats) continue;
        trial->args.operand[k] =
            trial->own[k] ? (view){trial->own[k], 0} : (view){trial->memory, trial->place[k].offset};
    }
    trial->args.step = step_of(desc);
    for (int k = 0; k < OP_MAX_OPERANDS; k++)
        if (trial->place[k].floats && kind_of(desc, k)->in_slot) trial->args.operand[k].offset -= trial->args.step.slot;
}

clae_status selftest_trial_begin(selftest_trial *trial, const op_desc *desc, size_t workspace_bytes) {
    free_own(trial);
    trial->desc = *desc;
    trial->pixel_count = 0;
    place_operands(desc, trial->floats, trial->place);
    clae_status status = freshen(trial);
    for (int k = 0; k < OP_MAX_OPERANDS && status == CLAE_OK; k++) status = fill_operand(trial, k);
    if (status == CLAE_OK) status = buffer_fill(trial->workspace, 0, workspace_bytes / sizeof(float), NAN);
    bind_operands(trial);
    return status;
}

static buffer_piece piece_of(const selftest_trial *trial, int operand, size_t first, size_t count, float *to) {
    return (buffer_piece){(trial->place[operand].offset + first) * sizeof(float), count * sizeof(float), to};
}

clae_status selftest_trial_fetch(selftest_trial *trial, int operand, selftest_got *got) {
    const selftest_parts parts = selftest_parts_of(&trial->desc, operand);
    const size_t total = trial->place[operand].floats;
    buffer_piece pieces[SELFTEST_MOST_PARTS];
    size_t piece_count = 0;
    float *to = trial->got;
    got->count = selftest_looked_at(&parts);
    for (size_t i = 0; i < got->count; i++) {
        const size_t first = selftest_part(&parts, i) * parts.floats, left = total - first;
        const size_t count = left < parts.floats ? left : parts.floats;
        const bool goes_on = i > 0 && first == got->part[i - 1].first + got->part[i - 1].count;
        got->part[i] = (selftest_part_got){first, count, to};
        if (goes_on)
            pieces[piece_count - 1].bytes += count * sizeof(float);
        else
            pieces[piece_count++] = piece_of(trial, operand, first, count, to);
        to += count;
    }
    return buffer_download_pieces(trial->memory, pieces, piece_count);
}

clae_status selftest_trial_check_ends(selftest_trial *trial, bool *untouched) {
    buffer_piece pieces[OP_MAX_OPERANDS];
    size_t count = 0;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        const size_t floats = trial->place[k].floats;
        if (!floats || !is_only_written(&trial->desc, k)) continue;
        pieces[count] = piece_of(trial, k, floats, END_FLOATS, trial->got + count * END_FLOATS);
        count++;
    }
    const clae_status status = buffer_download_pieces(trial->memory, pieces, count);
    *untouched = true;
    for (size_t i = 0; i < count * END_FLOATS && status == CLAE_OK; i++)
        *untouched = *untouched && isnan(trial->got[i]);
    return status;
}
