#!/bin/sh
# valgrind.sh PROGRAM...: fails on any finding and on memory that was lost.
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
# Without OpenCL drivers, which lose memory of their own.
export OCL_ICD_VENDORS=/nonexistent
exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite "$@"
