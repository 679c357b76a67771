#!/usr/bin/env bash
# The recipes in Lua that kvant comes with: they say what they ask, and they run.   usage: shipped.sh KVANT BUILD_DIR
# shellcheck source=tests/lua/lua.bash
source tests/lua/lua.bash "$1" "$2"

run recipe --list --json
list=$out
for file in recipes/*.lua; do
    name=$(basename "$file" .lua)
    title=$(jq -r --arg n "$name" '.[] | select(.name == $n) | .title' <<<"$list")
    is "$name asks a question" "?" "${title: -1}"
    has "$name says how long it takes" "on 2 cores" "$(jq -r --arg n "$name" '.[] | select(.name == $n) | .time' <<<"$list")"
    run recipe "$name" "${settings[@]}" --check
    is "$name is understood" 0 $status
done
run recipe
has "the list shows titles" "How far can the cache be compressed" "$out"

# On the small model with few tokens.
few=(--model "$small" --ctx 32 --passages 4 --threads 1)
run recipe tour "${few[@]}"
is "the tour runs" 0 $status
has "to its end" "4. The frontier" "$out"
run recipe bisect kld=0.1 --json "${few[@]}"
is "bisect finds an answer" 0 $status
kld=$(jq .kld <<<"$out")
is "within the limit" true "$(jq -n "$kld <= 0.1")"
found=$(jq -r .ratio <<<"$out")
cat >"$home/all.lua" <<'LUA'
-- Every rung of bisect's ladder: the best that holds the limit.
local best = 0
for bits = 1, 7 do
  for n = 0, lab.model().layers - 1 do
    local r = lab.run{ { ("polar(bits=%d)"):format(bits), layers = n > 0 and { ["0-" .. n - 1] = ("polar(bits=%d)"):format(bits + 1) } or nil } }
    if r.kld <= 0.1 and r.ratio > best then best = r.ratio end
  end
end
return best
LUA
run recipe "$home/all.lua" --json "${few[@]}"
is "and no rung of the ladder is better" true "$(jq -n "$found >= $out - 1e-9")"
run recipe bisect kld=1e-30 codec=q --json "${few[@]}"
is "a codec that is none is an error" 3 $status
run recipe bisect kld=abc "${few[@]}"
has "a limit that is none, too" "kld=X is a number above 0" "$err"
run recipe halving bits=5 --json --jobs 2 "${few[@]}"
is "halving ends" 0 $status
is "within its budget" true "$(jq '.bits <= 5' <<<"$out")"
run recipe halving bits=0.1 "${few[@]}"
is "an impossible budget is answered with no" 1 $status
run recipe budget bits=5 save=won --json --jobs 2 "${few[@]}"
is "budget ends" 0 $status
is "within its budget" true "$(jq '.bits <= 5' <<<"$out")"
config=$(jq -r .config <<<"$out")
run profile won --json "${few[@]:0:2}"
has "and keeps the winner" "$config" "$out"
finish
