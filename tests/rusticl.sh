#!/bin/sh
# rusticl.sh PROGRAM...: runs on Mesa's OpenCL on the CPU, whether or not it is registered with the system.
for library in /usr/lib/*/libRusticlOpenCL.so.1 /usr/lib64/libRusticlOpenCL.so.1 /usr/lib/libRusticlOpenCL.so.1; do
    [ -e "$library" ] || continue
    vendors=$(mktemp -d) || exit 1
    trap 'rm -r "$vendors"' EXIT
    echo "$library" >"$vendors/rusticl.icd"
    OCL_ICD_VENDORS=$vendors RUSTICL_ENABLE=llvmpipe "$@"
    exit
done
echo "rusticl is not installed"
exit 77
