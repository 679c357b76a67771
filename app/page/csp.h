/* csp.h - the hash by which a Content-Security-Policy allows one inline script or style, and no other. */
#ifndef KVANT_APP_PAGE_CSP_H
#define KVANT_APP_PAGE_CSP_H

#include <stddef.h>

enum { CSP_HASH = 7 + 44 + 1 };

/* "sha256-" and the hash of the n bytes in base 64. W3C, Content Security Policy Level 3. [any thread] */
void csp_hash(const char *bytes, size_t n, char text[CSP_HASH]);

#endif
