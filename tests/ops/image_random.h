/* Channels of images, for ops that treat each alike. */
#ifndef CLAE_TESTS_OPS_IMAGE_RANDOM_H
#define CLAE_TESTS_OPS_IMAGE_RANDOM_H

#include "test_random.h"

static inline int image_random_channels(test_random *random, int quick) {
    static const int usual[] = {1, 2, 3, 4, 16, 32, 64};
    return random_int(random, 0, 1) ? random_int(random, 1, quick ? 9 : 40)
                                    : usual[random_int(random, 0, quick ? 4 : 6)];
}

#endif
