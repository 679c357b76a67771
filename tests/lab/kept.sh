#!/usr/bin/env bash
# What is kept between runs is checked when it is read: one bit that a disk has changed costs time, and no figure.
#   usage: kept.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
export XDG_CACHE_HOME=$home/cache
flip() { # FILE OFFSET
    local byte
    byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1)
    # shellcheck disable=SC2059 # the byte is the format
    printf "\\x$(printf %x $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
kept() { # KIND: its largest file
    find "$XDG_CACHE_HOME/kvant/$1" -name '*.kvant' -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2-
}

for protocol in stream snapshot; do
    evaluate turbo3 --protocol "$protocol"
    is "$protocol" 0 "$status"
    first=$(metrics "$out")
    evaluate turbo3 --protocol "$protocol"
    is "$protocol: from what was kept" "$first" "$(metrics "$out")"
    lacks "$protocol: nothing is wrong with it" damaged "$err"
    for kind in reference self; do
        file=$(kept $kind)
        was=$(cksum <"$file")
        flip "$file" $(($(stat -c %s "$file") / 2))
        lacks "$protocol: the $kind is another" "$was" "$(cksum <"$file")"
        evaluate turbo3 --protocol "$protocol"
        is "$protocol: a damaged $kind changes no figure" "$first" "$(metrics "$out")"
        has "$protocol: and is told" "kvant: $file: what was kept here is damaged and was thrown away" "$err"
        is "$protocol: it was made anew" "$was" "$(cksum <"$file")"
    done
    rm -rf "$XDG_CACHE_HOME"
done
finish
