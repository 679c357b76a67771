#!/bin/bash
# The tests that hold every level to the portable one's bits, for aarch64 and under emulation: kernels and engine, NEON
# included. Needs a cross compiler and an emulator (Debian: gcc-aarch64-linux-gnu, qemu-user-static); takes a minute.
#
#     tests/neon/run.sh                                     run in the source's root
set -eu -o pipefail
compiler=aarch64-linux-gnu-gcc emulator=qemu-aarch64-static
for tool in $compiler $emulator; do
    command -v $tool > /dev/null || { echo "skipped: no $tool"; exit 77; }
done
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
flags="-std=c17 -O2 -ffp-contract=off -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -Wall -Werror -I tests/neon -I . -I include"

# What needs LAPACK or nettle is left out; no test here gets there.
sources=$(ls base/*.c kernels/*.c engine/*.c tests/engine/gguf_builder.c | grep -v -e _avx -e kernels/products_ -e base/hash -e kernels/linalg -e kernels/pca)
printf '%s\n' $sources | xargs -P "$(nproc)" -I{} sh -c "$compiler $flags -c {} -o $build/\$(basename {}).o"

for test in kernels/test_{simd,weights,loops,lanes,lanes_codecs,lanes_fp,lanes_range,fused,turned,attention,dense,directions_kmeans} engine/test_{linear,forward}; do
    echo "$test"
    $compiler $flags -static -Wl,--unresolved-symbols=ignore-all tests/$test.c "$build"/*.o -lm -lpthread -o "$build/test"
    $emulator "$build/test"
done
