/*
 * main.c - postkick: wake a service with a request of a few bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"

#define USAGE	"[-c config_dir] [-v] class service request"
#define DRAIN_MAX_S	86400

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const char *config_dir = NULL;
	struct err err = ERR_INIT;
	int ch, drain_s;

	command_start(argv);
	while ((ch = getopt_long(argc, argv, "+c:v", options, NULL)) != -1) {
		switch (ch) {
		case 'c': config_dir = optarg; break;
		case 'v': log_verbose++; break;
		case 'h':
			puts("usage: postkick " USAGE);
			return 0;
		default: log_fatal("usage: postkick " USAGE);
		}
	}
	if (argc - optind != 3)
		log_fatal("usage: postkick " USAGE);
	argv += optind;
	command_load(config_dir, COMMAND_KEEP_ENV);
	/* Closing early may lose the request. */
	drain_s = params.application_event_drain_time < DRAIN_MAX_S ?
	    params.application_event_drain_time : DRAIN_MAX_S;
	if (chdir(params.queue_directory) == -1)
		log_fatal("chdir %s: %s", params.queue_directory,
		    strerror(errno));
	if (endpoint_trigger(argv[0], argv[1], argv[2], strlen(argv[2]),
	    params.trigger_timeout, drain_s * 1000, &err) == -1) {
		log_warning("%s", err.text);
		log_warning("Cannot contact class %s service %s - "
		    "perhaps the mail system is down", argv[0], argv[1]);
		return 1;
	}
	return 0;
}
