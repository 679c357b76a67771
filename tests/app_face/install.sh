#!/usr/bin/env bash
# An installation is whole, and works wherever it is moved to.   usage: install.sh BUILD_DIRECTORY
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
DESTDIR='' cmake --install "$1" --prefix "$home/first" >"$home/log" 2>&1
is "cmake --install" 0 $?
mv "$home/first" "$home/moved"
prefix=$home/moved
for file in bin/kvant include/kvant/codec.h share/man/man1/kvant.1 share/bash-completion/completions/kvant \
    share/kvant/models/kvant-books-8m-q8_0.gguf share/kvant/recipes/bits.lua share/doc/kvant/LICENSE; do
    is "$file is installed" 0 "$([[ -f $prefix/$file ]]; echo $?)"
done
model=$("$prefix/bin/kvant" inspect | sed -n 's/^file *\(.*\) (GGUF.*/\1/p')
has "the model is found from there" "$prefix" "$(realpath "$model")"
page=$("$prefix/bin/kvant" manual)
is "the manual page is this program's" "$page" "$(<"$prefix/share/man/man1/kvant.1")"

has "an installation finds its recipes" "Does one more bit pay" "$("$prefix/bin/kvant" recipe)"

pc=$(find "$prefix" -name kvant.pc)
export PKG_CONFIG_PATH=${pc%/*}
is "the version of the interface" "2.1" "$(pkg-config --variable=abi kvant)"
plugins=$(pkg-config --variable=plugindir kvant)
is "where plugins go" "$(realpath -m "${pc%/*}/../kvant/plugins")" "$(realpath -m "$plugins")"
printf '#include <kvant/codec.h>\nint main(void) { return KVANT_OK; }\n' >"$home/use.c"
# shellcheck disable=SC2046 # flags are words
is "a codec compiles against it" "" "$(cc $(pkg-config --cflags kvant) -o "$home/use" "$home/use.c" 2>&1)"
finish
