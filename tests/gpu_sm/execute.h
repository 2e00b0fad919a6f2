/* What instructions do, by their names. */
#ifndef CLAE_TESTS_GPU_SM_EXECUTE_H
#define CLAE_TESTS_GPU_SM_EXECUTE_H

#include "machine.h"

/* Of whole numbers. */
execute execute_imad, execute_iadd3, execute_viadd, execute_lea, execute_lop3, execute_plop3, execute_shf,
    execute_isetp, execute_sel, execute_prmt, execute_sgxt, execute_iabs, execute_minmax, execute_add_minmax,
    execute_mov, execute_popc, execute_flo, execute_bmsk, execute_p2r, execute_r2p, execute_s2r, execute_cs2r,
    execute_ldc, execute_halves;
/* Of floats. */
execute execute_ffma, execute_fadd, execute_fmul, execute_fsel, execute_fsetp, execute_fmnmx, execute_mufu, execute_i2f,
    execute_f2i, execute_frnd, execute_fchk, execute_tensor;
/* Of memory. */
execute execute_global_load, execute_global_store, execute_shared_load, execute_shared_store, execute_matrix_load,
    execute_local_load, execute_local_store, execute_copy;
/* Of the order of things. */
execute execute_nop, execute_bra, execute_bssy, execute_bsync, execute_break, execute_exit, execute_call, execute_ret,
    execute_bmov, execute_bar, execute_shfl, execute_vote, execute_unknown;

#endif
