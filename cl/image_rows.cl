/* Kernels that write images row by row: an item takes rows_per_item rows of all images in the second dimension, and in the
 * first a vector of VEC channels or, with -DWHOLE_ROWS, all vectors of a row; VEC divides the channels. */
#define T FLOATS(VEC)

/* Loops over the rows r of an item, and over the elements e of a row. */
#define FOR_ROWS(r)                                                                                                    \
    for (uint r = (uint)get_global_id(1) * rows_per_item, end_##r = min(r + rows_per_item, rows); r < end_##r; ++r)
#ifdef WHOLE_ROWS
#define FOR_ELEMENTS(e, row_floats) for (uint e = 0; e < (row_floats); e += VEC)
#else
#define FOR_ELEMENTS(e, row_floats)                                                                                    \
    for (uint e = (uint)get_global_id(0) * VEC, end_##e = min(e + VEC, (row_floats)); e < end_##e; e += VEC)
#endif
