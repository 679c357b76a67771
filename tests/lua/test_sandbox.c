/* The sandbox: what a program finds, and how each kind of endless or greedy one ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <lauxlib.h>

#include "app/lua/sandbox.h"

static bool never(void *self)
{
    (void)self;
    return false;
}

static bool always(void *self)
{
    (void)self;
    return true;
}

static const sandbox_limits limits = { .instructions = 2000000, .memory = 8 << 20, .patience = 20, .seed = 1 };

/* Runs a text as a chunk; true with its first result as text in `result`. */
static bool run(const sandbox_limits *l, bool (*cancelled)(void *self), const char *program, char result[256], fault *f)
{
    sandbox *s = sandbox_open(l, cancelled, NULL, f);
    assert_non_null(s);
    lua_State *L = sandbox_lua(s);
    assert_int_equal(luaL_loadbufferx(L, program, strlen(program), "=test", "t"), LUA_OK);
    const bool ok = sandbox_call(s, 0, 1, f);
    if (ok) {
        const char *text = luaL_tolstring(L, -1, NULL);
        snprintf(result, 256, "%s", text);
    }
    sandbox_close(s);
    return ok;
}

typedef struct expectation {
    const char *program, *expected; /* what it returns, or a part of what it is ended with */
} expectation;

static void give(const expectation *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fault f = { 0 };
        char result[256] = "";
        if (!run(&limits, never, table[i].program, result, &f)) fail_msg("%s: %s", table[i].program, f.text);
        assert_string_equal(result, table[i].expected);
    }
}

static void end_with(const expectation *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fault f = { 0 };
        char result[256] = "";
        if (run(&limits, never, table[i].program, result, &f)) fail_msg("%s gave %s", table[i].program, result);
        if (!strstr(f.text, table[i].expected)) fail_msg("%s: %s", table[i].program, f.text);
        assert_int_equal(f.code, FAULT_INPUT);
    }
}

#define SIZE(table) (sizeof(table) / sizeof *(table))

static void what_could_do_harm_is_not_there(void **state)
{
    (void)state;
    static const char *const names[] = { "os",     "io",       "debug", "package",     "require",
                                         "dofile", "loadfile", "warn",  "string.dump", "os and os.exit" };
    for (size_t i = 0; i < SIZE(names); i++) {
        char program[64], result[256];
        fault f = { 0 };
        snprintf(program, sizeof program, "return %s", names[i]);
        assert_true(run(&limits, never, program, result, &f));
        assert_string_equal(result, "nil");
    }
}

static void what_is_harmless_works(void **state)
{
    (void)state;
    static const expectation table[] = {
        { "return load('return 1 + 1')()", "2" },
        { "return load('return x', 'c', 'bt', { x = 5 })()", "5" },
        { "local n = 0; return load(function() n = n + 1; return n == 1 and 'return 7' or nil end)()", "7" },
        { "return select(2, load('return return', '=c'))", "c:1: unexpected symbol near 'return'" },
        { "return select('#', pcall(error))", "2" },
        { "return select(2, pcall(function(a, b) return a + b end, 1, 2))", "3" },
        { "return select(2, pcall(error, 'x', 0))", "x" },
        { "return select(2, xpcall(error, function(m) return m .. '!' end, 'x', 0))", "x!" },
        { "return select(2, xpcall(function(...) return select('#', ...) end, print, 1, 2, 3))", "3" },
        { "local c = coroutine.wrap(function() local a = coroutine.yield(1) coroutine.yield(a + 1) end) c() return c(5)",
          "6" },
        { "local c = coroutine.wrap(function() return pcall(function() coroutine.yield(1) error('e', 0) end) end) c() "
          "return select(2, c())",
          "e" },
        { "return select(2, coroutine.resume(coroutine.create(function() error('in', 0) end)))", "in" },
        { "return getmetatable('')", "false" },
        { "return getmetatable(setmetatable({}, { __metatable = 3 }))", "3" },
        { "return type(collectgarbage('count'))", "number" },
        { "return utf8.char(8364) .. table.concat({ 1, 2 }, ',') .. math.type(1)", "€1,2integer" },
    };
    give(table, SIZE(table));
}

static void doors_that_lead_out_are_shut(void **state)
{
    (void)state;
    static const expectation table[] = {
        { "assert(load('\\27Lua', 'c', 'b'))", "attempt to load a binary chunk" },
        { "assert(load(function() return '\\27Lua' end))", "attempt to load a binary chunk" },
        { "setmetatable({}, { __gc = function() end })", "no finalizers" },
        { "collectgarbage('stop')", "bad argument #1" },
        { "collectgarbage('setpause', 1000000)", "bad argument #1" },
        { "math.randomseed()", "bad argument #1" },
        { "setmetatable('', {})", "table expected" },
    };
    end_with(table, SIZE(table));
}

/* Each of these would run for ever; pcall and its like must not keep it going. */
static void what_never_ends_is_ended(void **state)
{
    (void)state;
    static const expectation table[] = {
        { "while true do end", "test:1: more than 2000000 instructions" },
        { "while true do pcall(function() while true do end end) end", "instructions" },
        { "while true do xpcall(function() while true do end end, function() while true do end end) end",
          "instructions" },
        { "while true do pcall(coroutine.wrap(function() while true do end end)) end", "instructions" },
        { "while true do coroutine.resume(coroutine.create(function() while true do end end)) end", "instructions" },
        { "local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do "
          "end end }) coroutine.yield() end) coroutine.resume(c) while true do coroutine.close(c) end",
          "instructions" },
        { "local t = setmetatable({}, { __close = function() while true do end end }) do local x <close> = t while true "
          "do end end",
          "instructions" },
        { "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) return t[1]", "" },
        { "local function f() while true do pcall(coroutine.wrap(f)) end end f()", "instructions" },
        { "table.sort({ 3, 2, 1 }, function() while true do end end)", "instructions" },
        { "string.gsub('aaa', 'a', function() while true do end end)", "instructions" },
        { "for i = 1, math.huge do local s = load('return ' .. i)() end", "instructions" },
    };
    end_with(table, SIZE(table));
}

static void too_much_memory_is_an_error(void **state)
{
    (void)state;
    static const expectation table[] = {
        { "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end", "needs more than its 8 MiB" },
        { "return ('x'):rep(1 << 30)", "needs more than its 8 MiB" },
        { "local s = 'x' while true do s = s .. s end", "needs more than its 8 MiB" },
        { "return table.concat(setmetatable({}, { __index = function() return ('y'):rep(1000) end, __len = function() "
          "return 1e6 end }))",
          "" },
        { "return table.unpack({}, 1, 1e7)", "too many results" },
    };
    end_with(table, SIZE(table));
}

static void a_refused_allocation_can_be_caught(void **state)
{
    (void)state;
    static const expectation table[] = {
        { "return (pcall(string.rep, 'x', 1 << 30))", "false" },
        { "pcall(string.rep, 'x', 1 << 30) return #('x'):rep(1000)", "1000" },
    };
    give(table, SIZE(table));
}

static void a_request_to_stop_is_obeyed(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local c = coroutine.wrap(function() while true do end end) while true do pcall(c) end",
    };
    for (size_t i = 0; i < SIZE(programs); i++) {
        fault f = { 0 };
        char result[256];
        const sandbox_limits none = { .patience = 20 };
        assert_false(run(&none, always, programs[i], result, &f));
        assert_int_equal(f.code, FAULT_INTERRUPTED);
        assert_non_null(strstr(f.text, "test:1: the recipe was stopped on request"));
    }
}

/* The same numbers with the same seed, other ones with another. */
static void random_numbers_follow_the_seed(void **state)
{
    (void)state;
    static const char program[] = "return math.random(1 << 30) .. ' ' .. math.random()";
    char first[256], again[256], other[256];
    fault f = { 0 };
    sandbox_limits l = limits;
    assert_true(run(&l, never, program, first, &f));
    assert_true(run(&l, never, program, again, &f));
    l.seed = 2;
    assert_true(run(&l, never, program, other, &f));
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
}

/* How the process that runs the program ends: its exit status. */
static int status_of(const sandbox_limits *l, bool (*cancelled)(void *self), const char *program)
{
    const pid_t child = fork();
    if (child == 0) {
        char result[256];
        fault f = { 0 };
        freopen("/dev/null", "w", stderr);
        _exit(run(l, cancelled, program, result, &f) ? 0 : 100 + (int)f.code);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* No hook runs inside these. */
static const char *const stuck[] = {
    "return ('a'):rep(40):find(('a-'):rep(40) .. 'b')",
    "return (''):rep(1 << 60)",
    "table.move({}, 1, math.maxinteger - 1, 2)",
    "pcall(table.move, {}, 1, math.maxinteger - 1, 2)",
};

static void a_library_function_that_does_not_come_back_ends_the_process(void **state)
{
    (void)state;
    const sandbox_limits l = { .patience = 0.3 };
    for (size_t i = 0; i < SIZE(stuck); i++)
        assert_int_equal(status_of(&l, never, stuck[i]), FAULT_INPUT);
}

static void it_can_be_stopped_on_request(void **state)
{
    (void)state;
    const sandbox_limits l = { .patience = 1000 };
    assert_int_equal(status_of(&l, always, stuck[0]), FAULT_INTERRUPTED);
}

static int slow(lua_State *L)
{
    sandbox_leave(sandbox_of(L));
    usleep(700000);
    sandbox_enter(sandbox_of(L));
    return 0;
}

/* Time that is not the program's does not count, and patience begins anew. */
static void functions_of_the_host_may_take_long(void **state)
{
    (void)state;
    const sandbox_limits l = { .patience = 0.3 };
    fault f = { 0 };
    sandbox *s = sandbox_open(&l, never, NULL, &f);
    lua_pushcfunction(sandbox_lua(s), slow);
    assert_true(sandbox_call(s, 0, 0, &f));
    sandbox_close(s);
}

static int at_fault(lua_State *L)
{
    fault f = { 0 };
    fault_set(&f, FAULT_USAGE, "the host's own words");
    return sandbox_raise(L, &f);
}

static int ends(lua_State *L)
{
    fault f = { 0 };
    fault_set(&f, FAULT_NONE, "enough");
    return sandbox_stop(L, &f);
}

static bool run_with(lua_CFunction function, const char *program, fault *f)
{
    sandbox *s = sandbox_open(&limits, never, NULL, f);
    lua_pushcfunction(sandbox_lua(s), function);
    lua_setglobal(sandbox_lua(s), "host");
    assert_int_equal(luaL_loadbufferx(sandbox_lua(s), program, strlen(program), "=test", "t"), LUA_OK);
    const bool ok = sandbox_call(s, 0, 0, f);
    sandbox_close(s);
    return ok;
}

static void the_hosts_faults_keep_their_code_and_say_where(void **state)
{
    (void)state;
    fault f = { 0 };
    assert_false(run_with(at_fault, "\nhost()", &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_string_equal(f.text, "test:2: the host's own words");
    assert_false(run_with(at_fault, "local ok, e = pcall(host)\nerror(e, 0)", &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_true(run_with(at_fault, "pcall(host)", &f));
    assert_false(run_with(at_fault, "pcall(host) error('mine', 0)", &f));
    assert_int_equal(f.code, FAULT_INPUT);
}

static void an_end_by_the_host_cannot_be_caught(void **state)
{
    (void)state;
    fault f = { 0 };
    assert_false(run_with(ends, "while true do pcall(host) end", &f));
    assert_int_equal(f.code, FAULT_NONE);
    assert_non_null(strstr(f.text, "enough"));
    f = (fault){ 0 };
    assert_false(run_with(ends, "\n\nxpcall(host, function() end) coroutine.wrap(host)()", &f));
    assert_non_null(strstr(f.text, "enough"));
}

static int note_reached(lua_State *L)
{
    sandbox_go_on(L);
    lua_pushboolean(L, true);
    lua_setfield(L, LUA_REGISTRYINDEX, "reached");
    return 0;
}

/* Not one more function is called once the program has been stopped, wherever that was. */
static void nothing_follows_a_stop(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "while true do end host()",
        "pcall(function() while true do end end) host()",
        "xpcall(function() while true do end end, host) host()",
        "coroutine.resume(coroutine.create(function() while true do end end)) host()",
        "pcall(coroutine.wrap(function() while true do end end)) host()",
        "local x <close> = setmetatable({}, { __close = host }) while true do end",
        ("local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end "
         "end }) coroutine.yield() end) coroutine.resume(c) coroutine.close(c) host()"),
    };
    for (size_t i = 0; i < SIZE(programs); i++) {
        fault f = { 0 };
        sandbox *s = sandbox_open(&limits, never, NULL, &f);
        lua_State *L = sandbox_lua(s);
        lua_pushcfunction(L, note_reached);
        lua_setglobal(L, "host");
        assert_int_equal(luaL_loadbufferx(L, programs[i], strlen(programs[i]), "=test", "t"), LUA_OK);
        assert_false(sandbox_call(s, 0, 0, &f));
        if (lua_getfield(L, LUA_REGISTRYINDEX, "reached") != LUA_TNIL) fail_msg("%s: went on", programs[i]);
        sandbox_close(s);
    }
}

static void too_little_memory_to_begin_is_a_fault(void **state)
{
    (void)state;
    for (size_t memory = 1; memory < 40000; memory += 611) {
        const sandbox_limits l = { .memory = memory, .patience = 20 };
        fault f = { 0 };
        sandbox *s = sandbox_open(&l, never, NULL, &f);
        if (!s) assert_int_equal(f.code, FAULT_INPUT);
        sandbox_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_do_harm_is_not_there),
        cmocka_unit_test(what_is_harmless_works),
        cmocka_unit_test(doors_that_lead_out_are_shut),
        cmocka_unit_test(what_never_ends_is_ended),
        cmocka_unit_test(too_much_memory_is_an_error),
        cmocka_unit_test(a_refused_allocation_can_be_caught),
        cmocka_unit_test(a_request_to_stop_is_obeyed),
        cmocka_unit_test(random_numbers_follow_the_seed),
        cmocka_unit_test(a_library_function_that_does_not_come_back_ends_the_process),
        cmocka_unit_test(it_can_be_stopped_on_request),
        cmocka_unit_test(functions_of_the_host_may_take_long),
        cmocka_unit_test(the_hosts_faults_keep_their_code_and_say_where),
        cmocka_unit_test(an_end_by_the_host_cannot_be_caught),
        cmocka_unit_test(nothing_follows_a_stop),
        cmocka_unit_test(too_little_memory_to_begin_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
