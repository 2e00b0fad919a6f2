/* What there is to know of the images of a dataset besides its statistics: their range, and which are the same. */
#ifndef CLAE_DATA_DATASET_FACTS_H
#define CLAE_DATA_DATASET_FACTS_H

#include "data/dataset.h"

typedef struct dataset_facts {
    size_t n;
    uint64_t *hashes;   /* of the images' elements, in ascending order */
    double least, most; /* of the pixels, in units of 1.0 */
} dataset_facts;

/* Reads all images; to be freed by dataset_facts_free. */
clae_status dataset_facts_make(const clae_dataset *dataset, dataset_facts *facts);
void dataset_facts_free(dataset_facts *facts);

/* Images that are the same as an earlier one of theirs; and those of `a` that are among `b`. */
size_t dataset_facts_copies(const dataset_facts *facts);
size_t dataset_facts_shared(const dataset_facts *a, const dataset_facts *b);

#endif
