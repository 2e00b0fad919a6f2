#!/bin/sh
# headers.sh c|c++ INCLUDE_DIR COMPILER...: compiles each public header alone, twice, without a warning.
set -u
language=$1 include=$2
shift 2
case $language in
c) standard=-std=c11 ;;
*) standard=-std=c++11 ;;
esac
failed=0
for header in "$include"/clae/*.h; do
    name=$(basename "$header")
    echo "[ RUN      ] $name"
    if printf '#include <clae/%s>\n#include <clae/%s>\n' "$name" "$name" |
        "$@" -x "$language" $standard -Wall -Wextra -Werror -pedantic -fsyntax-only -I "$include" -; then
        echo "[       OK ] $name"
    else
        echo "[  FAILED  ] $name"
        failed=1
    fi
done
exit $failed
