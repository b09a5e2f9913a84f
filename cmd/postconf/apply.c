/*
 * apply.c - postconf --apply: make a running system use what main.cf says
 *
 * What is running was written down when it started or was reloaded, so only
 * differences count, those of earlier edits too: without any, nothing is
 * done. Each is said to be of a reload, of the next use of a command, or of
 * a restart, which is left to people.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"
#include "lib/conf/snapshot.h"

/* ---- what a change needs ---------------------------------------------------- */

/* What is bound, created or became when the supervisor started stays so. */
static const char *const at_start[] = { "data_directory", "inet_interfaces",
    "inet_protocols", "mail_owner", "process_id_directory",
    "queue_directory", "setgid_group", NULL };

static const char *const commands[] = { "mailq", "newaliases", "postalias",
    "postcat", "postconf", "postdrop", "postfix", "postkick", "postlock",
    "postlog", "postmap", "postmulti", "postqueue", "postsuper", "sendmail",
    "smtp-sink", "smtp-source", NULL };

static bool
is_in(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static const char *
programs_of(const char *name)
{
	const struct params_doc *doc = params_doc_find(name);

	return doc != NULL ? params_doc_field(doc->programs) : "all";
}

enum pc_applies
pc_applies(const char *name)
{
	char *copy, *rest, *word;
	bool is_service = false;

	if (is_in(at_start, name))
		return PC_AT_START;
	copy = rest = xstrdup(programs_of(name));
	while (!is_service && (word = text_split(&rest, ",")) != NULL)
		is_service = !is_in(commands, word);
	free(copy);
	return is_service ? PC_AT_RELOAD : PC_AT_USE;
}

static const char *
word_of(enum pc_applies when)
{
	return when == PC_AT_START ? "restart" : when == PC_AT_RELOAD ?
	    "reload" : "next-use";
}

/* The services that read it, or the commands. */
static void
add_readers(const struct postconf *pc, const char *name, struct buf *out)
{
	const char *programs = programs_of(name);
	struct buf one = BUF_INIT, all = BUF_INIT;
	size_t i;

	if (strncmp(name, SNAPSHOT_SERVICE, strlen(SNAPSHOT_SERVICE)) == 0) {
		buf_adds(out, name + strlen(SNAPSHOT_SERVICE));
		return;
	}
	if (strcmp(programs, "all") == 0 || pc_applies(name) == PC_AT_USE) {
		buf_adds(out, programs);
		return;
	}
	buf_setf(&all, ",%s,", programs);
	for (i = 0; i < pc->service_count; i++) {
		buf_setf(&one, ",%s,", pc->services[i].argv[0]);
		if (strstr(all.ptr, one.ptr) != NULL)
			buf_addf(out, "%s%s", out->len > 0 ? ", " : "",
			    pc->services[i].key);
	}
	if (out->len == 0)
		buf_adds(out, strcmp(programs, "master") == 0 ?
		    "the supervisor" : "no service of master.cf");
	buf_done(&one);
	buf_done(&all);
}

static void
tell(const struct postconf *pc, const char *name, bool is_json)
{
	struct buf out = BUF_INIT, readers = BUF_INIT;
	const char *when = word_of(pc_applies(name));

	add_readers(pc, name, &readers);
	if (is_json) {
		buf_adds(&out, "{\"v\": 1, ");
		json_member(&out, "name", name);
		buf_adds(&out, ", ");
		json_member(&out, "applies", when);
		buf_adds(&out, ", ");
		json_member(&out, "readers", readers.ptr);
		buf_addc(&out, '}');
	} else {
		buf_addf(&out, "%s ", when);
		text_visible(&out, name, 0);
		buf_adds(&out, " (");
		text_visible(&out, readers.ptr, 0);
		buf_addc(&out, ')');
	}
	puts(out.ptr);
	buf_done(&out);
	buf_done(&readers);
}

/* ---- doing it --------------------------------------------------------------- */

static int
run(const char *program, const char *verb)
{
	pid_t pid = fork();
	int status;

	if (pid == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		execl(program, program, verb, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
say(const char *state, const char *text, bool is_json)
{
	if (is_json)
		printf("{\"v\": 1, \"apply\": \"%s\"}\n", state);
	else
		puts(text);
}

/* Earlier edits that wait for a reload; what commands read waits for nothing. */
static void
add_pending(struct postconf *pc, struct pc_names *changed)
{
	struct pc_names pending = { 0 };
	size_t i;

	pc_diff_running(pc, &pending);
	for (i = 0; i < pending.count; i++) {
		if (pc_applies(pending.list[i].name) != PC_AT_USE)
			pc_names_add(changed, pending.list[i].name, NULL, 0);
		free(pending.list[i].name);
	}
	free(pending.list);
}

void
pc_apply(struct postconf *pc, struct pc_names *changed, unsigned flags)
{
	bool is_json = (flags & PC_LONG_JSON) != 0;
	bool wants[PC_AT_START + 1] = { false };
	struct buf program = BUF_INIT;
	bool is_running;
	size_t i;

	pc_expand(&pc->scope, &program, "$command_directory/postfix");
	fflush(stdout);
	is_running = run(program.ptr, "status") == 0;
	if (is_running)
		add_pending(pc, changed);
	for (i = 0; i < changed->count; i++) {
		wants[pc_applies(changed->list[i].name)] = true;
		tell(pc, changed->list[i].name, is_json);
	}
	fflush(stdout);
	if ((flags & PC_LONG_DRY_RUN) != 0)
		;
	else if (!is_running)
		say("not-running", "not running: it applies at the next "
		    "start", is_json);
	else if (changed->count == 0)
		say("nothing", "nothing to apply: it runs with this already",
		    is_json);
	else if (!wants[PC_AT_RELOAD])
		say("none", "no reload needed", is_json);
	else if (run(program.ptr, "reload") != 0)
		log_fatal("main.cf is changed, but the reload failed");
	else
		say("reloaded", "reloaded: the other processes use it when "
		    "they have finished what they do now", is_json);
	if (is_running && wants[PC_AT_START])
		say("restart-needed", "restart needed: postfix stop, then "
		    "postfix start", is_json);
	buf_done(&program);
}
