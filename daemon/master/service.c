/*
 * service.c - master.cf becomes services; a reload changes what changed
 *
 * A load has two halves. The first reads and names everything and may fail:
 * then nothing has happened, and a supervisor that runs goes on as before.
 * The second opens new listeners, lets go of services that are gone, and
 * starts a new generation of all others.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "daemon/master/master.h"
#include "daemon/serve/rights.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/snapshot.h"
#include "lib/net/netaddr.h"

#define METRICS	"main.cf: posthorn_metrics"	/* where that line is from */

static void
strings_free(char **list)
{
	char **p;

	for (p = list; p != NULL && *p != NULL; p++)
		free(*p);
	free(list);
}

/* With its listeners; not its children. */
static void
service_free(struct service *s)
{
	if (s == NULL)
		return;
	listener_close(s);
	free(s->endpoint);
	free(s->name);
	free(s->canon);
	free(s->path);
	strings_free(s->argv);
	free(s);
}

static void
argv_add(char ***argv, int *count, const char *word)
{
	*argv = xreallocarray(*argv, (size_t)*count + 2, sizeof(**argv));
	(*argv)[(*count)++] = xstrdup(word);
	(*argv)[*count] = NULL;
}

static const char *
last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
build_argv(struct service *s, const struct master_service *e)
{
	struct buf queue = BUF_INIT;
	char number[16];
	int n = 0, i;
	size_t k;

	argv_add(&s->argv, &n, e->command);
	if (e->maxproc == 1)
		argv_add(&s->argv, &n, "-l");
	if (e->maxproc == 0)
		argv_add(&s->argv, &n, "-z");
	if (strcmp(e->name, last_component(e->command)) != 0) {
		argv_add(&s->argv, &n, "-n");
		argv_add(&s->argv, &n, s->name);
	}
	argv_add(&s->argv, &n, "-t");
	argv_add(&s->argv, &n, master_type_name(e->type));
	if (master.wants_debug)
		argv_add(&s->argv, &n, "-d");
	for (i = 0; i < log_verbose; i++)
		argv_add(&s->argv, &n, "-v");
	if (e->is_unprivileged)
		argv_add(&s->argv, &n, "-u");
	if (e->is_chrooted)
		argv_add(&s->argv, &n, "-c");
	s->stress_arg = 0;
	if (e->maxproc > 1 && s->is_remote) {
		argv_add(&s->argv, &n, "-o");
		s->stress_arg = n;
		argv_add(&s->argv, &n, "stress=");
	}
	if (s->fd_count > 1) {
		snprintf(number, sizeof(number), "%d", s->fd_count);
		argv_add(&s->argv, &n, "-s");
		argv_add(&s->argv, &n, number);
	}
	/* A reload does not move the queue: whoever starts later stays with us. */
	if (strcmp(params.queue_directory, master.queue_directory) != 0) {
		buf_setf(&queue, "queue_directory=%s", master.queue_directory);
		argv_add(&s->argv, &n, "-o");
		argv_add(&s->argv, &n, queue.ptr);
		buf_done(&queue);
	}
	for (k = 0; k < e->argc; k++)
		argv_add(&s->argv, &n, e->argv[k]);
}

/* ------------------------------------------------- reading, nothing changed */

/* master_service_disable: "type", "name/type", "name.type", first hit, "!" denies. */
static bool
is_disabled(const struct master_service *e)
{
	const char *type = master_type_name(e->type);
	struct buf slash = BUF_INIT, dot = BUF_INIT;
	char *copy, *rest, *word;
	bool hit = false, no;

	if (*params.master_service_disable == '\0')
		return false;
	buf_setf(&slash, "%s/%s", e->name, type);
	buf_setf(&dot, "%s.%s", e->name, type);
	copy = rest = xstrdup(params.master_service_disable);
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (no = false; *word == '!'; word++)
			no = !no;
		if (strcasecmp(word, type) == 0 ||
		    strcasecmp(word, slash.ptr) == 0 ||
		    strcasecmp(word, dot.ptr) == 0) {
			hit = !no;
			break;
		}
	}
	free(copy);
	buf_done(&slash);
	buf_done(&dot);
	return hit;
}

/* Plain settings of the entry; argv and listeners come later. */
static struct service *
service_new(const struct master_service *e, const char *file, struct err *err)
{
	struct service *s = xcalloc(1, sizeof(*s));
	struct buf path = BUF_INIT;

	s->status_ours = s->status_theirs = -1;
	s->maxproc = e->maxproc;
	s->wakeup_s = e->wakeup_s;
	s->wakeup_is_conditional = e->wakeup_is_conditional;
	if (listener_identify(s, e, file, err) == -1) {
		service_free(s);
		return NULL;
	}
	buf_setf(&path, "%s/%s", params.daemon_directory, e->command);
	s->path = buf_take(&path);
	return s;
}

static struct service **
find(struct service **list, const struct service *s)
{
	while (*list != NULL && ((*list)->type != s->type ||
	    strcmp((*list)->endpoint, s->endpoint) != 0))
		list = &(*list)->next;
	return list;
}

struct plan {			/* a service to be, and its entry */
	struct service			*service;
	const struct master_service	*entry;
};

static void
plan_add(struct plan *plan, size_t *count, struct service *s,
    const struct master_service *e)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (plan[i].service->type == s->type &&
		    strcmp(plan[i].service->endpoint, s->endpoint) == 0)
			break;
	if (i < *count) {
		log_warning("duplicate master.cf entry for service \"%s\" (%s)"
		    " -- using the last entry", s->name, s->canon);
		service_free(plan[i].service);
	} else {
		(*count)++;
	}
	plan[i].service = s;
	plan[i].entry = e;
}

static bool
has_protocols(void)
{
	if (netaddr_wants(AF_INET) || netaddr_wants(AF_INET6))
		return true;
	log_warning("all network protocols are disabled (inet_protocols = %s)",
	    params.inet_protocols);
	log_warning("disabling all type \"inet\" services in master.cf");
	return false;
}

static int
make_plan(const struct master_cf *cf, const char *file, struct plan *plan,
    size_t *count, struct err *err)
{
	bool has_inet = has_protocols();
	struct service *s;
	size_t i;

	for (i = 0; i < cf->count; i++) {
		const struct master_service *e = &cf->services[i];

		if (is_disabled(e) || (e->type == MASTER_INET && !has_inet))
			continue;
		if ((s = service_new(e, file, err)) == NULL)
			return -1;
		plan_add(plan, count, s, e);
	}
	return 0;
}

/* --------------------------------------------------------------- changing */

/* The running service takes over what its entry says now. */
static void
service_adopt(struct service *old, struct service *new)
{
	strings_free(old->argv);
	old->argv = NULL;
	free(old->path);
	free(old->name);
	old->path = new->path;
	old->name = new->name;
	new->path = new->name = NULL;
	old->maxproc = new->maxproc;
	old->wakeup_s = new->wakeup_s;
	old->wakeup_is_conditional = new->wakeup_is_conditional;
	service_free(new);
}

static void
warn_interfaces(const struct service *s)
{
	if (s->type != MASTER_INET || strchr(s->endpoint, ':') != NULL ||
	    strcmp(master.inet_interfaces, params.inet_interfaces) == 0)
		return;
	log_warning("service %s: ignoring inet_interfaces change", s->name);
	log_warning("old value: \"%s\", new value: \"%s\"",
	    master.inet_interfaces, params.inet_interfaces);
	log_warning("to change inet_interfaces, stop and start Postfix");
}

static void
drop_unkept(void)
{
	struct service **at = &master.services, *gone;

	while ((gone = *at) != NULL) {
		if (gone->is_kept) {
			at = &gone->next;
			continue;
		}
		*at = gone->next;
		child_forget(gone);
		service_free(gone);
	}
}

/* Put one planned service into master.services. */
static int
carry_out(struct plan *p, bool is_start, struct err *err)
{
	struct service **at = find(&master.services, p->service);

	if (*at != NULL) {
		service_adopt(*at, p->service);
		warn_interfaces(*at);
	} else if (listener_open(p->service, err) == -1) {
		service_free(p->service);
		p->service = NULL;
		if (is_start)
			return -1;
		log_error("service left out: %s", err->text);
		return 0;
	} else {
		*at = p->service;
	}
	p->service = *at;
	p->service->is_kept = true;
	build_argv(p->service, p->entry);
	return 0;
}

/* What now runs, for postconf --diff running. */
static void
note_running(const struct master_cf *cf)
{
	struct err err = ERR_INIT;
	int rc;

	rights_become(master.owner.uid, master.owner.gid);
	rc = snapshot_write(cf, &err);
	rights_restore();
	if (rc == -1)
		log_warning("cannot note what is running: %s", err.text);
}

int
service_load(const char *config_dir, bool is_start, struct err *err)
{
	struct buf file = BUF_INIT;
	struct master_cf cf = { NULL, 0 }, more = { NULL, 0 };
	struct buf line = BUF_INIT;
	struct plan *plan = NULL;
	struct service *s;
	size_t i, count = 0;
	int rc;

	buf_setf(&file, "%s/master.cf", config_dir);
	if ((rc = master_cf_read(&cf, file.ptr, err)) == 0 &&
	    (rc = params_metrics_line(&line, err)) == 0 &&
	    (rc = master_cf_parse(&more, METRICS, line.ptr, line.len,
	    err)) == 0) {
		plan = xcalloc(cf.count + more.count + 1, sizeof(*plan));
		rc = make_plan(&cf, file.ptr, plan, &count, err);
		if (rc == 0)
			rc = make_plan(&more, METRICS, plan, &count, err);
	}
	if (rc == -1) {
		for (i = 0; i < count; i++)
			service_free(plan[i].service);
		goto done;
	}
	for (s = master.services; s != NULL; s = s->next)
		s->is_kept = false;
	/* Old sockets go first: a new service may want the same port. */
	for (i = 0; i < count; i++) {
		s = *find(&master.services, plan[i].service);
		if (s != NULL)
			s->is_kept = true;
	}
	drop_unkept();
	for (i = 0; rc == 0 && i < count; i++)
		rc = carry_out(&plan[i], is_start, err);
	for (s = master.services; rc == 0 && s != NULL; s = s->next)
		child_start(s);
	if (rc == 0)
		note_running(&cf);
done:
	free(plan);
	master_cf_done(&cf);
	master_cf_done(&more);
	buf_done(&line);
	buf_done(&file);
	return rc;
}
