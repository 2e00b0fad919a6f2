/* The phases of spread along an axis: outputs whose places leave the same remainder by the stride meet the same taps, which
 * are kept one after the other. How many there are, and where they begin. */
static int phase_taps(int phase, int kernel_size, int stride) { return (kernel_size - phase + stride - 1) / stride; }

static int phase_start(int phase, int kernel_size, int stride) {
    return phase * (kernel_size / stride) + min(phase, kernel_size % stride);
}
