#!/usr/bin/env bash
# Profiles as a person keeps and uses them.   usage: profile.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source "$(dirname "$0")/lab.bash" "$@"
export KVANT_DB=$home/runs.db
profile() { run profile "$@" --model "$small"; }
config_of() { "$kvant" profile "$1" --json | jq -r .config; }

run profile
is "none yet, and no database" "0 no" "$status $([[ -e $KVANT_DB ]] || echo no)"
run profile --json
is "as JSON" "[]" "$out"
run profile mine
is "one that is not there" 3 $status
run profile mine --note x
is "is not made by a remark" 2 $status

profile mine --base "k=q8_0 v=turbo3" --layer 0-1:q8_0 --note "it's \"mine\""
is "made" 0 $status
has "its layers are shown" "0-1        q8_0 " "$out"
has "and its bits" "bits     " "$out"
is "what a run of it will have" "$(evaluate "k=q8_0 v=turbo3 @0-1:q8_0"; jq .bits_per_value <<<"$out")" \
    "$("$kvant" profile mine --model "$small" --json | jq .bits_per_value)"
is "the model it is for is kept" fixture-llama "$("$kvant" profile mine --json | jq -r .made_for)"
is "kept in its canonical form" "k=q8_0 v=turbo3 @0-1:v=q8_0" "$(config_of mine)"

# changing
run profile mine --unset 1 --layer -1:v=f16
is "changed" "k=q8_0 v=turbo3 @0:v=q8_0 @-1:v=f16" "$(config_of mine)"
is "the remark stays" "it's \"mine\"" "$("$kvant" profile mine --json | jq -r .note)"
run profile mine --base turbo4 --note -
is "another base" "turbo4 " "$(config_of mine) $("$kvant" profile mine --json | jq -r .note)"
run profile mine --layer 0-2:q8_0
run profile mine --layer 1:f16 --unset 0-1
is "layers are unset before others are set" "turbo4 @1:f16 @2:q8_0" "$(config_of mine)"
run profile mine --base turbo4
run profile mine --layer 0-1
is "a layer without a codec" 2 $status
run profile mine --layer 0:turbo44
is "or with one that is none" 3 $status
is "nothing changed" turbo4 "$(config_of mine)"
profile mine --layer 7:q8_0
has "a layer that this model does not have is told" "kvant: saved; " "$err"
run profile mine --unset 7
for name in "a b" "it's" -- 2x "" "a/b" $'a\nb'; do
    run profile "$name" --base turbo4
    [[ $status == 2 ]] || is "\"$name\" is no name" 2 $status
done

# from a run, and from one another
evaluate "turbo4 @0:q8_0"
id=$(jq .id <<<"$out")
run profile ran --from "$id"
is "as in a run" "turbo4 @0:q8_0" "$(config_of ran)"
run profile ran --from 99999
is "a run that is not there" 3 $status
run profile on --base "profile=ran @1:f16"
is "on another profile" "turbo4 @0:q8_0 @1:f16" "$(config_of on)"
run profile on --base "profile=rna"
has "one that is mistyped" 'did you mean "ran"?' "$err"

# a layer-adaptive mode keeps what it assigns
run profile bound --base "turbo4 adaptive=7 rope=post"
is "a mode" "k=turbo4 v=turbo2 @0-1,-2..-1:v=q8_0 rope=post" "$(config_of bound)"
is "is found again for the fork" $'TURBO_LAYER_ADAPTIVE=7 TURBO_AUTO_ASYMMETRIC=0\n--cache-type-k turbo4 --cache-type-v turbo2' \
    "$("$kvant" profile bound --export llama.cpp | grep -v '^#')"

# engines: what cannot be expressed is said, and the answer is no
run profile ran --export llama.cpp
is "no" "1 " "$status $out"
has "which layers" "layers 0: k=q8_0 v=q8_0" "$err"
has "and what else" "rope=pre" "$err"
run profile ran --export llama.cpp --lossy
is "or what is left" "0 --cache-type-k turbo4 --cache-type-v turbo4" "$status $(tail -1 <<<"$out")"
has "with what is lost" "# lost: layers 0: k=q8_0 v=q8_0" "$out"
run profile ran --export llama.cpp --json
is "no JSON either" "1 " "$status $out"
run profile ran --export llama.cpp --json --lossy
is "but so" '["--cache-type-k","turbo4","--cache-type-v","turbo4"]' "$(jq -c .flags <<<"$out")"
run profile fp8 --base "e4m3 @0,-1:f16 rope=post"
is "vLLM skips layers" "--kv-cache-dtype fp8_e4m3 --kv-cache-dtype-skip-layers 0 7" "$("$kvant" profile fp8 --export vllm | tail -1)"
run profile none --base "polar(bits=3) rope=post"
run profile none --export llama.cpp --lossy
is "nothing to say of it" "1 " "$status $out"
run profile none --lossy
is "--lossy goes with --export" 2 $status

# there and back
run profile mine --base "k=sink(polar(bits=3),n=2) v=turbo3 @0:q8_0" --note $'two\nlines "quoted"'
"$kvant" profile mine --export json >"$home/mine.json"
run profile copy --import "$home/mine.json"
is "JSON comes back" "$(config_of mine)" "$(config_of copy)"
is "with its remark" $'two\nlines "quoted"' "$("$kvant" profile copy --json | jq -r .note)"
is "from standard input" 0 "$("$kvant" profile copy2 --import - <"$home/mine.json" 2>"$home/err"; echo $?)"
jq '.base.v = "turbo2"' "$home/mine.json" >"$home/edited.json"
run profile copy --import "$home/edited.json"
is "half an edit is refused" 3 $status
head -c 100 "$home/mine.json" >"$home/half.json"
run profile copy --import "$home/half.json"
is "and half a file" 3 $status
if command -v python3 >/dev/null && python3 -c 'import yaml' 2>"$home/err"; then
    "$kvant" profile mine --export yaml >"$home/mine.yaml"
    is "YAML says the same" "$(jq -S . "$home/mine.json")" \
        "$(python3 -c 'import json,sys,yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)' "$home/mine.yaml" | jq -S .)"
fi
has "lua makes it" 'layers = {' "$("$kvant" profile mine --export lua)"

# names
run profile copy --rename copy2
is "a name that is taken" 3 $status
run profile copy --rename other
is "another name" "0 turbo3" "$status $("$kvant" profile other --json | jq -r .base.v)"
run profile copy --delete
is "the old one is gone" 3 $status
run profile other --delete
is "forgotten" 0 $status
run profile --json
is "what is left, by name" "bound copy2 fp8 mine none on ran" "$(jq -r 'map(.profile) | join(" ")' <<<"$out")"
lacks "a remark cannot draw" $'\033' "$("$kvant" profile mine --note $'\033[31m' && "$kvant" profile)"
run profile mine --delete --export json
is "one thing at a time" 2 $status
finish
