/* The rows of reports. */
#include "app/commands.h"

const command commands_report[] = {
    { 0 },
};
