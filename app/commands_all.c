/* Which rows this program has. */
#include "app/commands.h"

command_table commands_all(void)
{
    static const command *const parts[] = {
        commands_face,
#ifdef KVANT_WITH_LAB
        commands_lab,
#endif
        NULL,
    };
    return (command_table){ parts };
}

const app_name_source *commands_names(void)
{
    static const app_name_source sources[] = {
        { COMPLETE_NONE, NULL },
    };
    return sources;
}
