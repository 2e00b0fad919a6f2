/* As many steps as asked for, each of which needs the one before: some devices end long loops without a word. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void probe(__global uint *out, uint steps) {
    uint x = 1;
    for (uint i = 0; i < steps; ++i) x = x * 1664525u + 1013904223u;
    *out = x;
}
