/*
 * no-sleep.c - preloaded: who only waits for time to pass waits no more
 *
 * A command sleeps a second before it ends with a fatal error, the peer's as
 * ours, and some take naps by select(2). A script that compares hundreds of
 * errors need not.
 *
 * SPDX-License-Identifier: ISC
 */
#include <sys/select.h>
#include <unistd.h>

unsigned
sleep(unsigned seconds)
{
	(void)seconds;
	return 0;
}

int
select(int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *limit)
{
	struct timespec ts = { 0, 0 };

	if (n == 0)
		return 0;
	if (limit != NULL)
		ts = (struct timespec){ limit->tv_sec, limit->tv_usec * 1000 };
	return pselect(n, in, out, other, limit != NULL ? &ts : NULL, NULL);
}
