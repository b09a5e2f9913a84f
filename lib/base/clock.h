/*
 * clock.h - the two clocks: one to stamp with, one to wait by
 *
 * Tests may set the first, so that days pass at once.
 */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* clock_now - wall clock, for stamps on disk and in mail */
time_t	clock_now(void);
/* clock_timeval - wall clock with microseconds, for queue IDs and delays */
struct timeval	clock_timeval(void);
/* clock_mono_ms - monotonic milliseconds, for deadlines; never goes back */
int64_t	clock_mono_ms(void);

/* clock_set - freeze the wall clock at t, 0 to let it run again; for tests */
void	clock_set(time_t t);

/*
 * clock_rfc5322 - "Sat, 21 Nov 2026 07:37:22 +0000 (UTC)" in local time
 *
 * Format: RFC 5322 3.3, zone name as comment.
 */
#define CLOCK_RFC5322_SIZE 64
void	clock_rfc5322(time_t t, char out[CLOCK_RFC5322_SIZE]);

#endif
