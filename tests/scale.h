/* scale.h - how much a test does under AddressSanitizer or ThreadSanitizer, where everything takes ten times as long.
 *
 * There a test has to run every line, not to measure anew what the plain one measures: fewer cases of a long list,
 * fewer rows for a mean, with a bound that is wider as chance makes it.
 *
 *     for (int bits = 1; bits <= 8; bits += EVERY(3))         each, or every third
 *     enum { N = FEWER(20000) };                              an eighth
 *     assert_true(fabs(mean / exact - 1.0) < WIDER(0.01));    by √8
 */
#ifndef KVANT_TESTS_SCALE_H
#define KVANT_TESTS_SCALE_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KVANT_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(KVANT_SANITIZED)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

#define EVERY(n)     (SANITIZED ? (n) : 1)
#define FEWER(n)     (SANITIZED ? (n) / 8 : (n))
#define WIDER(bound) (SANITIZED ? 2.83 * (bound) : (bound))

#endif
