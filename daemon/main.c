/*
 * main.c - posthornd: which role am I?
 *
 * The supervisor executes "posthornd ROLE" with argv[0] set to the role's
 * name, as other daemons of its kind appear in process lists; called by hand,
 * "posthornd ROLE ..." works as well.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "lib/base/log.h"

static int
usage(FILE *out)
{
	size_t i;

	fputs("usage: posthornd ROLE [option ...]\n\nroles:\n", out);
	for (i = 0; role_at(i) != NULL; i++)
		fprintf(out, "  %-16s %s\n", role_at(i)->name,
		    role_at(i)->summary);
	return out == stdout ? 0 : 1;
}

/*
 * The supervisor started us for a role that we do not have: name the row of
 * master.cf, which is called -n NAME when not after its command.
 */
static void
no_such_role(const char *name, int argc, char **argv)
{
	const char *service = name, *postlog = getenv("POSTLOG_SERVICE");
	int i;

	for (i = 0; i + 1 < argc; i++)
		if (strcmp(argv[i], "-n") == 0) {
			service = argv[i + 1];
			break;
		}
	log_open(name, LOG_TO_STDERR | LOG_TO_SYSLOG);
	if (postlog != NULL) {
		log_postlog(postlog, "public/postlog",
		    getenv("POSTLOG_HOSTNAME"), NULL);
		log_to(LOG_TO_STDERR | LOG_TO_POSTLOG);
	}
	log_fatal("master.cf: service %s: posthornd has no role named %s",
	    service, name);
}

int
main(int argc, char **argv)
{
	const struct role *role;
	const char *name;

	if (argc < 1)
		return 1;
	name = strrchr(argv[0], '/');
	name = name != NULL ? name + 1 : argv[0];
	if ((role = role_find(name)) == NULL && argc > 1) {
		if (strcmp(argv[1], "--help") == 0)
			return usage(stdout);
		argc--;
		argv++;
		role = role_find(argv[0]);
	}
	if (role == NULL && strncmp(name, "posthornd", 9) != 0)
		no_such_role(name, argc, argv);
	if (role == NULL)
		return usage(stderr);
	/* So that "ps -C qmgr" finds it, not a dozen times posthornd. */
	prctl(PR_SET_NAME, role->name, 0, 0, 0);
	return role->run != NULL ? role->run(argc, argv) :
	    serve_run(role, argc, argv);
}
