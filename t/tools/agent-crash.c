/*
 * agent-crash.c - a delivery agent that dies as it is told
 *
 * Started by master under that name; the service name says how: "mute" takes
 * the connection and exits, "deaf" greets first, "liar" answers with nonsense.
 *
 * SPDX-License-Identifier: ISC
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER 6		/* spec/master.md 2.3 */

int
main(int argc, char **argv)
{
	static const char greeting[] =
	    "protocol\0delivery_request_protocol\0";
	struct pollfd pfd = { LISTENER, POLLIN, 0 };
	const char *service = "mute";
	char buf[65536];
	int i, fd;

	for (i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-n") == 0)
			service = argv[i + 1];
	poll(&pfd, 1, -1);
	if ((fd = accept(LISTENER, NULL, NULL)) == -1)
		return 1;
	if (strcmp(service, "mute") == 0)
		return 1;
	/* The literal's own NUL ends the list. */
	if (write(fd, greeting, sizeof(greeting)) == -1 ||
	    read(fd, buf, sizeof(buf)) <= 0)
		return 1;
	if (strcmp(service, "liar") == 0 && write(fd, "x\0y\0\0", 5) != 5)
		return 1;
	return 1;
}
