#include "graph/layer_field_text.h"

#include "base/decimal.h"

#include <string.h>

#define NUMBER_BYTES 48
#define MOST_DIGITS 15 /* what a double holds exactly */

static bool begins_number(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
}

static bool is_of_field(const layer_field *field, const char *word, size_t length) {
    const size_t prefix = field->word ? strlen(field->word) : length + 1;
    if (prefix > length || memcmp(word, field->word, prefix) != 0) return false;
    return field->kind == FIELD_FLAG ? prefix == length : prefix < length && begins_number(word[prefix]);
}

/* No word of a field but "" begins a number, so that at most one fits. */
const layer_field *layer_field_of_word(const layer_type *type, const char *word, size_t length) {
    for (const layer_field *f = type->fields; f && f->name; f++)
        if (is_of_field(f, word, length)) return f;
    return NULL;
}

/* What a field's value looks like. */
static const char *const expectations[] = {
    [FIELD_COUNT] = "a whole number",
    [FIELD_PAIR] = "a whole number, or two: height x width",
    [FIELD_SHAPE] = "channels, or channels x height x width",
    [FIELD_REAL] = "a number",
    [FIELD_FLAG] = "nothing",
};

static const char *const example_values[] = {
    [FIELD_COUNT] = "32", [FIELD_PAIR] = "3", [FIELD_SHAPE] = "64", [FIELD_REAL] = "0.1", [FIELD_FLAG] = "",
};

void layer_field_example(const layer_field *field, char text[FIELD_EXAMPLE_BYTES]) {
    snprintf(text, FIELD_EXAMPLE_BYTES, "%s%s", field->word, example_values[field->kind]);
}

void layer_fields_list(const layer_type *type, char text[FIELD_MESSAGE_BYTES]) {
    size_t used = 0;
    *text = '\0';
    for (const layer_field *f = type->fields; f && f->name; f++) {
        char example[FIELD_EXAMPLE_BYTES];
        if (!f->word || used >= FIELD_MESSAGE_BYTES) continue;
        layer_field_example(f, example);
        used +=
            (size_t)snprintf(text + used, FIELD_MESSAGE_BYTES - used, "%s%s (%s)", used ? ", " : "", f->name, example);
    }
}

/* One number of the value, `length` characters. */
static bool read_number(const layer_field *field, const char *at, size_t length, double *number) {
    char text[NUMBER_BYTES];
    const bool is_whole = strspn(at, "0123456789") >= length && length <= MOST_DIGITS;
    if (length == 0 || length >= sizeof text || (field->kind != FIELD_REAL && !is_whole)) return false;
    memcpy(text, at, length);
    text[length] = '\0';
    return decimal_read(text, number);
}

/* How many there are, 0 where one cannot be read or there are too many. */
static size_t read_numbers(const layer_field *field, const char *at, size_t length, double *numbers) {
    const size_t most = layer_field_size(field);
    const char *const end = at + length;
    for (size_t count = 0; count < most; count++) {
        const char *x = most > 1 ? memchr(at, 'x', (size_t)(end - at)) : NULL;
        if (!read_number(field, at, (size_t)((x ? x : end) - at), &numbers[count])) return 0;
        if (!x) return count + 1;
        at = x + 1;
    }
    return 0;
}

bool layer_field_read(const layer_field *field, const char *word, size_t length, clae_layer_spec *spec,
                      char message[FIELD_MESSAGE_BYTES]) {
    const size_t prefix = strlen(field->word), size = layer_field_size(field);
    double numbers[3] = {1, 1, 1};
    if (field->kind == FIELD_FLAG) {
        layer_field_set(field, spec, 0, 1);
        return true;
    }
    const size_t count = read_numbers(field, word + prefix, length - prefix, numbers);
    if (count == 0 || (count != 1 && count != size)) {
        char example[FIELD_EXAMPLE_BYTES];
        layer_field_example(field, example);
        snprintf(message, FIELD_MESSAGE_BYTES, "expected %s, like %s", expectations[field->kind], example);
        return false;
    }
    if (field->kind == FIELD_PAIR && count == 1) numbers[1] = numbers[0];
    for (size_t i = 0; i < size; i++) {
        if (!(numbers[i] >= field->min && numbers[i] <= field->max)) {
            decimal_print(message, FIELD_MESSAGE_BYTES, "%s %.15g, must be from %.15g to %.15g", field->name,
                          numbers[i], field->min, field->max);
            return false;
        }
        layer_field_set(field, spec, i, numbers[i]);
    }
    return true;
}

/* The numbers that must be written: 3 for 3x3, 64 for 64x1x1. */
static size_t shortest_size(const layer_field *field, const clae_layer_spec *spec) {
    const size_t size = layer_field_size(field);
    const double first = layer_field_get(field, spec, 0);
    for (size_t i = 1; i < size; i++)
        if (layer_field_get(field, spec, i) != (field->kind == FIELD_PAIR ? first : 1)) return size;
    return 1;
}

void layer_field_print(const layer_field *field, const clae_layer_spec *spec, FILE *file) {
    char number[DECIMAL_BYTES];
    fprintf(file, " %s", field->word);
    if (field->kind == FIELD_FLAG) return;
    for (size_t i = 0; i < shortest_size(field, spec); i++) {
        decimal_write_short(layer_field_get(field, spec, i), number);
        fprintf(file, "%s%s", i ? "x" : "", number);
    }
}
