/* Philox4x32-10 (src/base/philox.c): four words of random bits for a counter. */
inline uint4 random_words(uint4 counter, uint2 key) {
    for (int round = 0; round < 10; ++round) {
        const uint low0 = 0xD2511F53u * counter.x, high0 = mul_hi(0xD2511F53u, counter.x);
        const uint low1 = 0xCD9E8D57u * counter.z, high1 = mul_hi(0xCD9E8D57u, counter.z);
        counter = (uint4)(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

/* Block `block` of what image number `image` of a training has for a purpose (src/ops/augment.h). */
inline uint4 random_words_of_image(uint block, ulong image, uint purpose, uint2 key) {
    return random_words((uint4)(block, (uint)image & 0x3fffffffu, (uint)(image >> 30), purpose), key);
}
