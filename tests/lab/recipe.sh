#!/usr/bin/env bash
# Recipes: lists of commands with settings of their own.   usage: recipe.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"

cat >"$home/two.kvant" <<'END'
# Two configs on four passages
set passages 4

sweep turbo4 \
    q8_0     # the protocol is the caller's
frontier --json
END
here=(--model "$small" --ctx 64 --threads 1)

run recipe "$home/two.kvant" "${here[@]}"
is "a recipe runs" 0 $status
has "its commands are shown" "> sweep turbo4     q8_0" "$err"
has "with the settings given" 'text self, stream, ctx 64' "$out"
has "on the model given" 'fixture-llama' "$out"
run recipe "$home/two.kvant" "${here[@]}" --protocol snapshot --eval 17
has "and others the next time" 'text self, snapshot, ctx 64, eval 17' "$out"
run recipe "$home/two.kvant" "${here[@]}" --protocol snapshot --eval 17
has "what was run is not run again" "1 run, 2 already there" "$err"

printf 'recipe %s/two.kvant\nset\n' "$home" >"$home/outer.kvant"
run -c "set ctx 32" -c "recipe $home/outer.kvant ${here[*]}" -c set
is "one runs another" 0 $status
is "and leaves the settings as they were" "ctx 64|ctx 32" \
    "$(grep '^ctx' <<<"$out" | awk '{print $1, $2}' | paste -sd'|')"

printf '# broken\nsweep turbo4\nnonsense\nsweep q8_0\n' >"$home/broken.kvant"
run recipe "$home/broken.kvant" "${here[@]}" --passages 4
is "it ends at the first line that fails" 2 $status
has "and says where" "broken.kvant: stopped at line 3" "$err"
printf 'recipe %s/endless.kvant\n' "$home" >"$home/endless.kvant"
run recipe "$home/endless.kvant"
is "one that runs itself ends" 3 $status
has "with a reason" "8 recipes run each other already" "$err"
mkdir "$home/folder.kvant"
run recipe "$home/folder.kvant"
is "a folder is no recipe" 3 $status
has "and reading it fails aloud" "reading failed after line 0: Is a directory" "$err"
run recipe nowhere
has "one that is not there" "recipe nowhere: no such file" "$err"

# Those kvant came with are in Lua: tests/lua/shipped.sh.
finish
