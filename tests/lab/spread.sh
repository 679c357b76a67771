#!/usr/bin/env bash
# Codecs that learn give the same bytes on any number of threads and on every SIMD level, and so do calibrations,
# outside of runs, too.   usage: spread.sh KVANT BUILD_DIR [SANITIZED]
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"

counts=(1 2 3) levels=(portable avx2)
[[ ${3-} == ON ]] && counts=(1 3) levels=(portable) # slow enough

rows=$home/rows.safetensors
run capture --model "$small" --ctx 96 --passages 4 -o "$rows"
is "there are rows" 0 $status

answer() { # what must not depend on threads
    jq -cS 'del(.. | .encode_s?, .decode_s?)' <<<"$out"
}

learners=('kakeya(block=48,codebook=calibrated,outlier=2)' 'k=kakeya(block=96,pool=layer,pca=rsvd,rank=8) v=riemann_besi(codebook=calibrated,block=32)'
    'k=qprecond(center(kakeya(block=32,rank=20)),skip=never) v=attnweight(kakeya(block=32))')
for config in "${learners[@]}"; do
    expected=
    for threads in "${counts[@]}"; do
        run offline "$config" "$rows" --calibrate-rows --threads "$threads" --json
        is "it runs: $config, $threads" "0 true" "$status $(jq '.k_error > 0 and .v_error > 0' <<<"$out")"
        expected=${expected:-$(answer)}
        is "the same on $threads threads: $config" "$expected" "$(answer)"
    done
    for level in "${levels[@]}"; do
        KVANT_SIMD=$level run offline "$config" "$rows" --calibrate-rows --threads 2 --json
        is "the same on $level: $config" "$expected" "$(answer)"
    done
done

codec='kakeya(block=48,codebook=calibrated,outlier=2)'
for threads in "${counts[@]}"; do
    run roundtrip "$codec" "$rows" --calibrate-rows --threads "$threads" --json --encoded "$home/bytes" --decoded "$home/back"
    is "rows go there and back on $threads threads" 0 $status
    this="$(answer) $(sha256sum <"$home/bytes") $(sha256sum <"$home/back")"
    first=${first:-$this}
    is "with the same bytes on $threads threads" "$first" "$this"
    run roundtrip "$codec" "$rows" --calibrate-rows --threads "$threads" --json
    is "and the same figures when no bytes are kept" "${first%% *}" "$(answer)"
done
sized=$(jq '[.streams[].bytes - 2 * .dim * .open_rows] | add' <<<"$out")
is "as many as were counted" "$sized" "$(stat -c %s "$home/bytes" 2>/dev/null)"

for threads in "${counts[@]}"; do
    run calibrate --model "$small" --ctx 200 --rows 400 --passages 3 --threads "$threads" --force --json
    made=${made:-$(jq -r .hash <<<"$out")}
    is "one calibration on $threads threads" "0 $made" "$status $(jq -r .hash <<<"$out")"
done
finish
