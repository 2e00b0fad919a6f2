#!/bin/sh
# oclgrind.sh CHECK PROGRAM...: runs on Oclgrind's device, and fails on any finding in a kernel or a call.
#   races          calls, bounds and data races, in optimised kernels
#   uninitialized  reads of what nobody wrote; kernels are not optimised, because Oclgrind's check does not know all of
#                  the optimiser's instructions
#   poor           a device with work-groups of up to 8 items
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
case $1 in
races) options='--check-api --data-races --local-mem-size 65536' ;;
uninitialized) options='--uninitialized --local-mem-size 65536 --build-options -cl-opt-disable' ;;
poor) options='--check-api --max-wgsize 8' ;;
*) exit 2 ;;
esac
shift
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# A cache of its own: options of the simulator are not part of the key.
# shellcheck disable=SC2086
XDG_CACHE_HOME=$folder oclgrind $options --log "$folder/findings" "$@"
status=$?
if [ -s "$folder/findings" ]; then
    echo "oclgrind found:"
    head -c 20000 "$folder/findings"
    [ $status = 0 ] && status=1
fi
exit $status
