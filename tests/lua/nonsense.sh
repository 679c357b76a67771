#!/usr/bin/env bash
# Values no one expects, handed to every function of the module: an error with the recipe's line, never a crash.
# usage: nonsense.sh KVANT BUILD_DIR
# shellcheck source=tests/lua/lua.bash
source tests/lua/lua.bash "$1" "$2"

# Every function with every kind of value, alone, twice, in a list, as a field. A dry run, so that what happens to be
# sound is not run. (Those that stop a dry run on purpose are asked first whether they would.)
recipe '
local cycle = {} cycle[1] = cycle cycle.k = cycle cycle.codec = cycle
local deep = "x" for _ = 1, 100 do deep = { deep } end
local holes = { 1, nil, 3, [2.5] = 1, [true] = 2 }
local wild = setmetatable({}, { __index = function() error("wild", 0) end })
local values = { false, true, 0, -1, 0/0, 1/0, -1/0, math.maxinteger, math.mininteger, 1e308, "", " ", "\0", "a\0b", "\xff\xfe",
  ("x"):rep(70000), ("("):rep(5000), "k=", "--help", "--", "-x", "%s%n", "turbo4", "../x", {}, cycle, deep, holes, wild, { {} }, { { {} } },
  { codec = 1 }, { codec = "polar", bits = {} }, { codec = "polar", bits = { { 1 } } }, { k = 1 }, { layers = 1 }, { "turbo4", layers = { [{}] = 1 } },
  { id = 1 }, { id = "x" }, { id = 0/0 }, { id = 1 << 62 }, { name = 1, base = {} }, { "turbo4", ctx = {} }, { "turbo4", ctx = 0/0 }, { "turbo4", ctx = 1 << 62 },
  { "turbo4", passages = "1e3" }, { "turbo4", no_cache = 1 }, { "turbo4", seed = -1 }, { model = "/nowhere" }, { "turbo4", text = "/dev/null" },
  { [1 << 40] = "x" }, print, coroutine.create(print), function() end, function() return 0/0 end, { function() return {} end } }
local fine, wrong = 0, 0
local function try(name, ...)
  local ok, message = pcall(lab[name], ...)
  if ok then fine = fine + 1 else
    wrong = wrong + 1
    if type(message) ~= "string" or #message == 0 then print(name, ...) end
  end
end
for name in lab.sorted{ run = 1, start = 1, wait = 1, wait_any = 1, sweep = 1, frontier = 1, query = 1, runs = 1, show = 1, expand = 1, profile = 1,
  command = 1, print = 1, table = 1, log = 1, sorted = 1, seconds = 1, model = 1, text = 1, set = 1, calibrate = 1, codecs = 1, config = 1, diff = 1,
  export = 1, pin = 1, unpin = 1, tokenize = 1 } do
  for i, v in ipairs(values) do
    try(name, v)
    try(name, v, v)
    try(name, { v })
    try(name, { v, v, k = v })
    try(name, { "turbo4", protocol = v })
    try(name, "SELECT ?", v)
    try(name, { name = v, base = v, layers = v, where = v })
    lab.set("model") lab.set("text") lab.set("ctx") lab.set("protocol")
  end
  try(name)
  try(name, nil, nil)
end
io = nil
lab.log("counted", fine > 0, wrong > 1000)' --dry-run --patience 60 --instructions 0
is "a dry run comes to its end" 0 $status
has "after all of it" "counted	true	true" "$err"
lacks "with a message for each mistake" "table: 0x" "$(tail -5 <<<"$out")"

# The file itself.
bytes() { # WHAT BYTES [STATUS]: an error, not a crash
    printf '%b' "$2" >"$home/b.lua"
    timeout 20 "$kvant" recipe "$home/b.lua" "${settings[@]}" >/dev/null 2>&1
    status=$?
    is "$1 ends in good order" "${3-3}" $status
}
bytes "binary" '\033Lua\x54\x00\x19\x93\r\n\x1a\n'
bytes "not UTF-8" 'x = \xff\xfe'
bytes "zeros" 'return \0\0'
bytes "an open string" 'x = "abc'
bytes "an error object" 'error(setmetatable({}, { __tostring = function() return 1 end }))'
bytes "an error in an error" 'error(setmetatable({}, { __tostring = function() error("x") end }))'
bytes "a metatable of errors" 'local t = setmetatable({}, { __index = error, __tostring = error, __len = error }) print(t) return #t'
bytes "recursion" 'local function f() return 1 + f() end f()'
bytes "recursion through print" 't = setmetatable({}, { __tostring = function() print(t) end }) print(t)'
bytes "a generator without an end" 'lab.sweep{ function() return "turbo4" end }' 2
bytes "many words" 'local t = {} for i = 1, 200000 do t[i] = "x" end lab.sweep(t)' 2
head -c 2000000 /dev/zero | tr '\0' ' ' >"$home/big.lua"
run recipe "$home/big.lua"
is "a file that is too large" 3 $status
printf '#!/usr/bin/env kvant recipe\nprint("line", 2)\nerror("here")\n' >"$home/shebang.lua"
run recipe "$home/shebang.lua"
has "a line for the shell is skipped" "line	2" "$out"
has "and counted" "shebang.lua:3: here" "$err"

# JSON of what cannot be written.
for value in 'print' 'coroutine.create(print)' '(function() local t = {} t[1] = t return t end)()'; do
    recipe "return $value" --json
    is "no JSON of $value" 3 $status
    is "and nothing on stdout" "" "$out"
done
recipe 'return { "\xff", "a\0b", 1/0, { x = {} } }' --json
is "strange texts become UTF-8" '["�","ab",null,{"x":{}}]' "$(jq -c . <<<"$out")"
finish
