/* Which family of codecs does most in a config. */
#include "app/board_parts.h"

void board_set_family(const board *b, board_entry *e)
{
    const int family = b->families ? families_of(b->families, e->k, e->v) : FAMILY_NONE;
    e->row.family = family == FAMILY_NONE ? BOARD_NO_FAMILY : family;
}

void board_families(board *b, const catalog *known)
{
    families *now = families_make(known, NULL);
    if (!now) return; /* without memory they stay as they were */
    families_free(b->families);
    b->families = now;
    for (size_t i = 0; i < b->all.n; i++)
        board_set_family(b, b->all.at[i]);
    b->changes++;
}

const char *board_family_name(const board *b, int family)
{
    return b->families ? families_name(b->families, family) : "";
}
