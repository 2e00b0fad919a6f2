#!/bin/sh
# symbols.sh LIBRARY: the shared library exports the API, all of it named clae_, and nothing else.
command -v nm >/dev/null || exit 77
[ "$(uname)" = Linux ] || exit 77
symbols=$(nm -D --defined-only "$1" | sed 's/.* //; s/@.*//') || exit 1
others=$(echo "$symbols" | grep -v '^clae_')
if [ -z "$symbols" ] || [ -n "$others" ]; then
    echo "exported besides the API:" "$others"
    exit 1
fi
