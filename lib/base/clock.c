/*
 * clock.c - the two clocks: one to stamp with, one to wait by
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static time_t frozen;

time_t
clock_now(void)
{
	return frozen != 0 ? frozen : time(NULL);
}

struct timeval
clock_timeval(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	if (frozen != 0)
		tv = (struct timeval){ .tv_sec = frozen };
	return tv;
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
clock_set(time_t t)
{
	frozen = t;
}

void
clock_rfc5322(time_t t, char out[CLOCK_RFC5322_SIZE])
{
	static const char days[][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec"
	};
	struct tm tm;
	long minutes;

	localtime_r(&t, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	/* Names are spelled here because strftime follows the locale. */
	snprintf(out, CLOCK_RFC5322_SIZE,
	    "%s, %2d %s %d %02d:%02d:%02d %c%02ld%02ld (%.12s)",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_gmtoff < 0 ? '-' : '+',
	    minutes / 60, minutes % 60, tm.tm_zone);
}
