/* Commands whose answer is JSON, as functions. */
#include "app/lua/lua_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "app/lua/captured.h"
#include "app/lua/lua_line.h"
#include "app/lua/lua_push.h"
#include "app/lua/planned.h"
#include "app/repl.h"
#include "app/words.h"

static void free_json(void *json)
{
    cJSON_Delete(json);
}

/* A dry run does nothing that leaves a trace. */
static int only_told(lua_State *L, const char *name)
{
    sandbox_leave(recipe_of(L)->box);
    fprintf(stderr, "kvant: would %s\n", name);
    sandbox_enter(recipe_of(L)->box);
    planned_push_unknown(L, name);
    return 1;
}

/* Runs the line and pushes an owner of what it wrote; *no: the answer is no. */
static const char *run_line(lua_State *L, const command_line *line, bool *no)
{
    recipe *r = recipe_of(L);
    fault f = { 0 };
    char *text = NULL;
    void **place = lua_own(L, free);
    sandbox_leave(r->box);
    const bool ok = captured_run(r->app, line, &text, &f);
    sandbox_enter(r->box);
    sandbox_refresh(r->box);
    *place = text;
    *no = !ok && f.code == FAULT_NO;
    if (!ok && !*no) lua_fail(L, &f);
    return text ? text : "";
}

int lua_ask(lua_State *L, const char *name, const lua_own_field *own, bool acts)
{
    bool no;
    const command_line *line = lua_line(L, lua_gettop(L), name, own, "--json");
    if (acts && recipe_of(L)->dry) return only_told(L, name);
    const char *text = run_line(L, line, &no);
    void **place = lua_own(L, free_json);
    cJSON *json = cJSON_Parse(text);
    if (!(*place = json)) {
        if (*text)
            lua_pushstring(L, text);
        else
            lua_pushboolean(L, !no);
        return 1;
    }
    lua_push_json(L, json);
    return 1;
}

int lua_ask_text(lua_State *L, const char *name, const lua_own_field *own)
{
    bool no;
    const command_line *line = lua_line(L, lua_gettop(L), name, own, NULL);
    if (recipe_of(L)->dry) return only_told(L, name);
    lua_pushstring(L, run_line(L, line, &no));
    return 1;
}

/* ---- any line ---- */

static void free_line(void *line)
{
    line_free(line);
}

/* Pushes an owner of the line that the text is. NULL: an empty one. */
static const command_line *read_line(lua_State *L, recipe *r, const char *text)
{
    fault f = { 0 };
    words w;
    void **place = lua_own(L, free_line);
    if (!repl_words(&r->app->commands, text, &w, &f)) lua_fail(L, &f);
    const command *c = w.n ? command_need(&r->app->commands, w.word[0], &f) : NULL;
    command_line *line = c ? command_parse(c, w.n - 1, (const char *const *)w.word + 1, r->app->session, &f) : NULL;
    const bool empty = w.n == 0;
    words_free(&w);
    *place = line;
    if (!empty && (!line || !permit_line(r->unsafe, line, &f))) lua_fail(L, &f);
    return line;
}

int lua_lab_command(lua_State *L)
{
    recipe *r = recipe_of(L);
    size_t n;
    lua_settop(L, 1);
    const char *text = luaL_checklstring(L, 1, &n);
    if (strlen(text) != n) return luaL_error(L, "command: a line with a zero byte in it");
    const command_line *line = read_line(L, r, text);
    if (!line) return 0;
    if (r->dry) return only_told(L, text);
    fault f = { 0 };
    sandbox_leave(r->box);
    int status;
    if (r->says == stdout) {
        status = repl_line(r->app, text);
    } else {
        char *wrote = NULL;
        status = captured_run(r->app, line, &wrote, &f) ? FAULT_NONE : (int)f.code;
        if (wrote) fputs(wrote, r->says);
        free(wrote);
    }
    sandbox_enter(r->box);
    sandbox_refresh(r->box);
    if (status != FAULT_NONE && status != FAULT_NO) {
        if (!f.code) fault_set(&f, (fault_code)status, "`%.300s` ended with status %d", text, status);
        return lua_fail(L, &f);
    }
    lua_pushboolean(L, status == FAULT_NONE);
    return 1;
}
