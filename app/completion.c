/* The completion script for bash, written from the table of commands.
 *
 * The script is one function and three lists: the options of a command, what its arguments name, and what an option's
 * value names. Names that only a running kvant knows are asked from it when needed. */
#include "app/commands.h"

#include <string.h>

static const char *const kinds[] = {
    [COMPLETE_NONE] = "none",       [COMPLETE_FILE] = "file",
    [COMPLETE_MODEL] = "model",     [COMPLETE_CODEC] = "codec",
    [COMPLETE_CONFIG] = "config",   [COMPLETE_METRIC] = "metric",
    [COMPLETE_RUN] = "run",         [COMPLETE_COMMAND] = "command",
    [COMPLETE_SETTING] = "setting", [COMPLETE_EXPRESSION] = "expression",
    [COMPLETE_RECIPE] = "recipe",   [COMPLETE_QUERY] = "query",
    [COMPLETE_PROFILE] = "profile",
};

static bool listed(const command *c)
{
    return !(c->flags & (COMMAND_HIDDEN | COMMAND_LAB_ONLY));
}

static void put_commands(const command_table *t)
{
    fputs("_kvant_commands=\"", stdout);
    const command *c;
    for (size_t i = 0; (c = command_at(t, i)); i++)
        if (listed(c)) printf("%s ", c->name);
    puts("\"\n");
}

static void put_options(const command_table *t)
{
    puts("_kvant_options()\n{\n    case $1 in");
    const command *c;
    for (size_t i = 0; (c = command_at(t, i)); i++) {
        if (!listed(c)) continue;
        printf("    %s) echo '", c->name);
        const command_option *o;
        for (size_t j = 0; (o = command_option_at(c, j)); j++)
            printf("%s--%s", j ? " " : "", o->name);
        puts("' ;;");
    }
    puts("    *) echo '-c --help --version' ;;\n    esac\n}\n");
}

static void put_arguments(const command_table *t)
{
    puts("_kvant_argument()\n{\n    case \"$1 $2\" in");
    const command *c;
    for (size_t i = 0; (c = command_at(t, i)); i++) {
        int n = 1;
        for (const command_argument *a = c->arguments; a && a->name && listed(c); a++, n++) {
            if (a->completes == COMPLETE_NONE && !a->choices) continue;
            const bool many = a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED);
            if (many)
                printf("    '%s '*) ", c->name);
            else
                printf("    '%s %d') ", c->name, n);
            if (a->choices)
                printf("echo 'words %s' ;;\n", a->choices);
            else
                printf("echo %s ;;\n", kinds[a->completes]);
        }
    }
    puts("    *) echo none ;;\n    esac\n}\n");
}

static void put_value(const command *c, const command_option *o)
{
    printf("    '%s --%s'", c->name, o->name);
    if (o->letter) printf("|'%s -%c'", c->name, o->letter);
    if (o->choices)
        printf(") echo 'words %s' ;;\n", o->choices);
    else
        printf(") echo %s ;;\n", kinds[o->completes]);
}

static void put_values(const command_table *t)
{
    puts("_kvant_value()\n{\n    case \"$1 $2\" in");
    const command *c;
    for (size_t i = 0; (c = command_at(t, i)); i++) {
        const command_option *o;
        for (size_t j = 0; listed(c) && (o = command_option_at(c, j)); j++)
            if (o->type != OPTION_FLAG) put_value(c, o);
    }
    puts("    *) return 1 ;;\n    esac\n}\n");
}

/* Inside a config kvant itself says what comes next. bash has split the line at '=' and ':' and, where it is not
 * quoted, would not have taken '(' at all; an open quote is still there, at the beginning of the word. */
static const char inside_function[] =
    "_kvant_inside() # program, current word; the line is in COMP_WORDS\n"
    "{\n"
    "    local program=$1 cur=$2 line='' between='' word i\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == [=:] ]]; then\n"
    "            line+=$word between=''\n"
    "        else\n"
    "            line+=$between$word between=' '\n"
    "        fi\n"
    "    done\n"
    "    cur=${cur#[\\\"\\']}\n"
    "    mapfile -t COMPREPLY < <(\"$program\" names --line=\"$line\" ${cur:+--word=\"$cur\"} 2>/dev/null)\n"
    "    compopt -o nospace\n"
    "}\n\n";

static const char offer_function[] =
    "_kvant_offer() # program, current word, kind or \"words\" and the words\n"
    "{\n"
    "    local program=$1 cur=$2 kind=$3 names=''\n"
    "    shift 3\n"
    "    case $kind in\n"
    "    none) return ;;\n"
    "    words) names=$* ;;\n"
    "    command) names=$_kvant_commands ;;\n"
    "    file)\n"
    "        compopt -o filenames\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        return ;;\n"
    "    model)\n"
    "        compopt -o filenames\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"; compgen -f -X '!*.gguf' -- \"$cur\")\n"
    "        return ;;\n"
    "    recipe)\n"
    "        names=$(\"$program\" names --kind recipe 2>/dev/null)\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$cur\"; compgen -f -- \"$cur\")\n"
    "        return ;;\n"
    "    config|expression)\n"
    "        _kvant_inside \"$program\" \"$cur\"\n"
    "        return ;;\n"
    "    *) names=$(\"$program\" names --kind \"$kind\" 2>/dev/null) ;;\n"
    "    esac\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$cur\")\n"
    "}\n\n";

/* bash splits words at "=": --model=x and k=x arrive as three. */
static const char main_function[] =
    "_kvant()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command='' before='' word kind n=0 i\n"
    "    COMPREPLY=()\n"
    "    if [[ $cur == \"=\" ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == \"=\" && $COMP_CWORD -ge 2 ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ -z $command ]]; then\n"
    "            [[ $word == -* ]] || command=$word\n"
    "        elif [[ $word != -* && $word != \"=\" ]] && ! _kvant_value \"$command\" \"$before\" >/dev/null; then\n"
    "            n=$((n + 1))\n"
    "        fi\n"
    "        [[ $word == \"=\" ]] || before=$word\n"
    "    done\n"
    "    if [[ -n $command ]] && kind=$(_kvant_value \"$command\" \"$prev\"); then\n"
    "        :\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        kind=\"words $(_kvant_options \"$command\")\"\n"
    "    elif [[ -z $command ]]; then\n"
    "        kind='command'\n"
    "    else\n"
    "        kind=$(_kvant_argument \"$command\" $((n + 1)))\n"
    "    fi\n"
    "    # shellcheck disable=SC2086 # a kind may bring its words\n"
    "    _kvant_offer \"$1\" \"$cur\" $kind\n"
    "}\n\n"
    "complete -F _kvant kvant\n";

int cmd_completion(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *shell = line_arg(line, 0);
    if (strcmp(shell, "bash") != 0) {
        fault_set(&f, FAULT_USAGE, "completion: there is no script for \"%s\", only for bash", shell);
        return app_report(app, &f);
    }
    puts("# bash completion for kvant, printed by \"kvant completion bash\"\n# shellcheck shell=bash\n");
    put_commands(&app->commands);
    put_options(&app->commands);
    put_arguments(&app->commands);
    put_values(&app->commands);
    fputs(inside_function, stdout);
    fputs(offer_function, stdout);
    fputs(main_function, stdout);
    return FAULT_NONE;
}
