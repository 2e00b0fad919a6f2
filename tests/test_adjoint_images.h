/* <A(x), y> = <x, A'(y)> for the linear ops A of images, whose backward ops are A'; no reference is needed. */
#ifndef CLAE_TESTS_TEST_ADJOINT_IMAGES_H
#define CLAE_TESTS_TEST_ADJOINT_IMAGES_H

#include "op_harness.h"

void adjoint_images_check(op_harness *harness);

#endif
