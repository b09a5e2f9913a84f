/*
 * lint_master.c - postconf --lint: master.cf
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/master_cf.h"

/* What the daemon itself can be; a file in daemon_directory adds to them. */
static const char *const roles[] = { "anvil", "bounce", "cleanup", "discard",
	"dnsblog", "error", "flush", "lmtp", "local", "metrics", "oqmgr",
	"nqmgr", "pickup", "pipe", "postlogd", "postscreen", "proxymap", "qmgr",
	"qmqpd", "scache", "showq", "smtp", "smtpd", "spawn", "tlsmgr",
	"tlsproxy", "trivial-rewrite", "verify", "virtual", NULL };

static bool
is_role(const char *name)
{
	size_t i;

	for (i = 0; roles[i] != NULL; i++)
		if (strcmp(roles[i], name) == 0)
			return true;
	return false;
}

static void
check_program(struct lint *l, const struct pc_service *s)
{
	char *dir = lint_value_of(l, s, "daemon_directory");
	struct buf path = BUF_INIT;
	const char *why;

	if (s->argv[0][0] == '/')
		buf_sets(&path, s->argv[0]);
	else
		buf_setf(&path, "%s/%s", dir, s->argv[0]);
	if (!is_role(s->argv[0]) && access(path.ptr, X_OK) == -1) {
		why = strerror(errno);
		lint_add(l, l->pc->master_file, s->line, LINT_ERROR,
		    "master-entry", NULL, "\"%s\" is no role of the daemon, "
		    "and %s: %s", s->argv[0], path.ptr, why);
	}
	buf_done(&path);
	free(dir);
}

/* "-o name = value": three words, of which the first is the whole option. */
static void
check_options(struct lint *l, const struct pc_service *s)
{
	size_t i;

	for (i = 1; i < s->argc; i++) {
		const char *word = s->argv[i];

		if (strcmp(s->argv[i - 1], "-o") != 0 || i > s->options_end)
			continue;
		if (strchr(word, '=') == NULL)
			lint_add(l, l->pc->master_file,
			    lint_option_line(l, s, word), LINT_ERROR,
			    "master-entry", "write -o name=value without "
			    "blanks, or -o { name = value }", "\"-o %s\" sets "
			    "nothing", word);
		else if (word[strlen(word) - 1] == '=' && i + 1 < s->argc &&
		    i + 1 == s->options_end && is_role(s->argv[0]) &&
		    strcmp(s->argv[0], "pipe") != 0 &&
		    strcmp(s->argv[0], "spawn") != 0)
			lint_add(l, l->pc->master_file,
			    lint_option_line(l, s, "-o"), LINT_ERROR,
			    "master-entry", "remove the blank behind '='",
			    "\"-o %s %s\" sets an empty value", word,
			    s->argv[i + 1]);
	}
}

/* pipe and spawn: the command and the user have to exist. */
static void
check_command(struct lint *l, const struct pc_service *s)
{
	size_t i;

	if (strcmp(s->argv[0], "pipe") != 0 && strcmp(s->argv[0], "spawn") != 0)
		return;
	for (i = s->options_end; i < s->argc; i++) {
		const char *word = s->argv[i];

		if (strncmp(word, "user=", 5) == 0) {
			char *user = xstrndup(word + 5,
			    strcspn(word + 5, ":"));

			if (account_named(user) == NULL)
				lint_add(l, l->pc->master_file,
				    s->line, LINT_WARNING, "master-entry",
				    NULL, "there is no user \"%s\"", user);
			free(user);
		}
		if (strncmp(word, "argv=", 5) == 0) {
			if (word[5] == '/' && access(word + 5, X_OK) == -1)
				lint_add(l, l->pc->master_file, s->line,
				    LINT_WARNING, "master-entry", NULL,
				    "command %s: %s", word + 5,
				    strerror(errno));
			return;
		}
	}
	lint_add(l, l->pc->master_file, s->line, LINT_ERROR, "master-entry",
	    "add argv=/path/to/command", "%s has no argv=", s->argv[0]);
}

/* "host:port" with the port as a number: "smtp", "25" and ":25" are one. */
static bool
endpoint_of(const struct pc_service *s, struct buf *out)
{
	struct buf host = BUF_INIT, port = BUF_INIT;
	struct err err = ERR_INIT;
	const struct servent *known;
	bool is_good;

	is_good = strcmp(s->fields[PC_F_TYPE], "inet") == 0 &&
	    master_cf_split_inet(s->fields[PC_F_NAME], &host, &port,
	    &err) == 0;
	if (is_good && (known = getservbyname(port.ptr, "tcp")) != NULL)
		buf_setf(&port, "%d", ntohs((uint16_t)known->s_port));
	if (is_good)
		buf_setf(out, "%s:%s", host.ptr, port.ptr);
	buf_done(&host);
	buf_done(&port);
	return is_good;
}

static void
check_endpoint(struct lint *l, size_t at)
{
	const struct pc_service *s = &l->pc->services[at], *other;
	struct buf host = BUF_INIT, port = BUF_INIT, mine = BUF_INIT,
	    theirs = BUF_INIT;
	struct err err = ERR_INIT;
	bool is_inet;
	size_t i;

	if (strcmp(s->fields[PC_F_TYPE], "inet") == 0 &&
	    master_cf_split_inet(s->fields[PC_F_NAME], &host, &port,
	    &err) == -1)
		lint_add(l, l->pc->master_file, s->line, LINT_ERROR,
		    "master-entry", NULL, "%s", err.text);
	if (strcmp(s->fields[PC_F_TYPE], "inet") == 0 &&
	    strcmp(s->fields[PC_F_PRIVATE], "n") != 0)
		lint_add(l, l->pc->master_file, s->line, LINT_ERROR,
		    "master-entry", "write n in the third column",
		    "an inet service cannot be private");
	is_inet = endpoint_of(s, &mine);
	for (i = 0; i < at; i++) {
		other = &l->pc->services[i];
		if (strcmp(other->key, s->key) == 0)
			lint_add(l, l->pc->master_file, s->line, LINT_ERROR,
			    "master-entry", "remove one of them",
			    "\"%s\" is a service already in line %d", s->key,
			    other->line);
		else if (is_inet && endpoint_of(other, &theirs) &&
		    strcmp(mine.ptr, theirs.ptr) == 0) {
			lint_add(l, l->pc->master_file, s->line, LINT_ERROR,
			    "master-entry", "remove one of them",
			    "\"%s\" and \"%s\" in line %d are one port",
			    s->fields[PC_F_NAME], other->fields[PC_F_NAME],
			    other->line);
			break;
		}
	}
	buf_done(&mine);
	buf_done(&theirs);
	buf_done(&host);
	buf_done(&port);
}

/* ---- limits --------------------------------------------------------------- */

static long
number_of(struct lint *l, const struct pc_service *s, const char *name)
{
	char *text = lint_value_of(l, s, name);
	long n = strtol(text, NULL, 10);

	free(text);
	return n;
}

/* Mailboxes may be filled by another program than virtual, which has its own limit. */
static bool
delivers_virtual(struct lint *l)
{
	char *transport = lint_value_of(l, NULL, "virtual_transport");
	bool found = false;
	size_t i;

	transport[strcspn(transport, ":")] = '\0';
	for (i = 0; !found && i < l->pc->service_count; i++) {
		const struct pc_service *s = &l->pc->services[i];

		found = strcmp(s->fields[PC_F_NAME], transport) == 0 &&
		    strcmp(s->fields[PC_F_TYPE], "inet") != 0 &&
		    strcmp(s->argv[0], "virtual") == 0;
	}
	free(transport);
	return found;
}

static void
check_sizes(struct lint *l)
{
	long message = number_of(l, NULL, "message_size_limit");
	long mailbox = number_of(l, NULL, "mailbox_size_limit");
	long virtual = number_of(l, NULL, "virtual_mailbox_limit");
	const char *file;
	int line;

	if (mailbox != 0 && (message == 0 || message > mailbox)) {
		lint_where(l, NULL, "message_size_limit", &file, &line);
		lint_add(l, file, line, LINT_WARNING, "limits",
		    "raise mailbox_size_limit", "message_size_limit (%ld) is "
		    "above mailbox_size_limit (%ld)", message, mailbox);
	}
	if (virtual != 0 && (message == 0 || message > virtual) &&
	    delivers_virtual(l) && main_cf_find(&l->pc->scope.cf, "virtual_mailbox_maps") != NULL) {
		lint_where(l, NULL, "message_size_limit", &file, &line);
		lint_add(l, file, line, LINT_WARNING, "limits",
		    "raise virtual_mailbox_limit", "message_size_limit (%ld) "
		    "is above virtual_mailbox_limit (%ld)", message, virtual);
	}
}

/* Each worker is a connection to the supervisor, which holds them all. */
static void
check_descriptors(struct lint *l, const struct pc_service *s)
{
	struct rlimit limit;
	long n = strcmp(s->fields[PC_F_MAXPROC], "-") == 0 ?
	    number_of(l, s, "default_process_limit") :
	    strtol(s->fields[PC_F_MAXPROC], NULL, 10);

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_max != RLIM_INFINITY && n > (long)limit.rlim_max / 2)
		lint_add(l, l->pc->master_file, s->line, LINT_WARNING,
		    "limits", NULL, "%ld processes of \"%s\" are more than "
		    "%lu descriptors allow", n, s->fields[PC_F_NAME],
		    (unsigned long)limit.rlim_max);
}

void
lint_master(struct lint *l)
{
	size_t i;

	for (i = 0; i < l->pc->service_count; i++) {
		const struct pc_service *s = &l->pc->services[i];

		check_program(l, s);
		check_options(l, s);
		check_command(l, s);
		check_endpoint(l, i);
		check_descriptors(l, s);
	}
	check_sizes(l);
}
