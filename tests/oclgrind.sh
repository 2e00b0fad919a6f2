#!/bin/sh
# oclgrind.sh MAX_WORK_GROUP PROGRAM...: runs on Oclgrind's device, and fails on any finding in a kernel or a call.
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
size=$1
shift
findings=$(mktemp) || exit 1
trap 'rm -f "$findings"' EXIT
# More local memory than its 32 KB, which few devices have so little of.
oclgrind --check-api --data-races --uninitialized --local-mem-size 65536 --max-wgsize "$size" --log "$findings" "$@"
status=$?
if [ -s "$findings" ]; then
    echo "oclgrind found:"
    head -c 20000 "$findings"
    [ $status = 0 ] && status=1
fi
exit $status
