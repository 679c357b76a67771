/* tables.h - the tables themselves, one file each. See app/paper/paper.h; tables.c lists them. */
#ifndef KVANT_APP_PAPER_TABLES_H
#define KVANT_APP_PAPER_TABLES_H

#include "app/paper/paper.h"

void paper_h1(paper *p);
void paper_h2(paper *p);
void paper_h3(paper *p);
void paper_h4(paper *p);
void paper_h5(paper *p);
void paper_h6(paper *p);
void paper_h7(paper *p);

/* The part of h7 on sketches, on rows of the caller. */
void paper_h7_sketch(paper *p, const char *name, source rows, uint64_t seed);

void paper_k1(paper *p);
void paper_k4(paper *p);

#endif
