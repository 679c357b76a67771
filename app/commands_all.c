/* Which rows this program has. */
#include "app/commands.h"
#include "app/names.h"

command_table commands_all(void)
{
    static const command *const parts[] = {
        commands_face, commands_lab,  commands_sweep, commands_recipe, commands_compare, commands_suite,
        commands_plan, commands_gate, commands_data,  commands_report, commands_program, commands_screen,
        NULL
    };
    return (command_table){ parts };
}

const app_name_source *commands_names(void)
{
    return names_sources;
}
