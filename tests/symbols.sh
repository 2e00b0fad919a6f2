#!/bin/sh
# symbols.sh LIBRARY...: each library exports the API, all of it named clae_, and nothing else.
command -v nm >/dev/null || exit 77
[ "$(uname)" = Linux ] || exit 77
for library in "$@"; do
    case $library in
    *.a) symbols=$(nm -g --defined-only "$library") || exit 1 ;;
    *) symbols=$(nm -D --defined-only "$library") || exit 1 ;;
    esac
    symbols=$(echo "$symbols" | sed -n 's/.* [A-Z] //p' | sed 's/@.*//')
    others=$(echo "$symbols" | grep -v '^clae_')
    if [ -z "$symbols" ] || [ -n "$others" ]; then
        echo "$library exports besides the API:" "$others"
        exit 1
    fi
done
