#!/bin/sh
# symbols.sh LIBRARY...: each library exports the API, all of it named clae_, and nothing else.
# Clang's locks of OpenMP's critical sections do not count: OpenMP wants them to be one for the whole process.
command -v nm >/dev/null || exit 77
[ "$(uname)" = Linux ] || exit 77
for library in "$@"; do
    case $library in
    *.a) symbols=$(nm -g --defined-only "$library") || exit 1 ;;
    *) symbols=$(nm -D --defined-only "$library") || exit 1 ;;
    esac
    symbols=$(echo "$symbols" | sed -n 's/.* [A-Z] //p' | sed 's/@.*//')
    others=$(echo "$symbols" | grep -v -e '^clae_' -e '^\.gomp_critical_user_')
    if [ -z "$symbols" ] || [ -n "$others" ]; then
        echo "$library exports besides the API:" "$others"
        exit 1
    fi
done
