/*
 * queue_journal_read.c - what the journal tells
 *
 * The lines of a token are gathered into one action; ends and undos may stand
 * far behind their beginning.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_journal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_journal_internal.h"

#define TEXTS		8	/* texts of an action */

static int64_t
int_of(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

/* A member's text, "" without one. */
static const char *
borrow_text(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL ? text : "";
}

static char *
text_of(const json_t *line, const char *name)
{
	return xstrdup(borrow_text(line, name));
}

static bool
says(const json_t *line, const char *name, const char *text)
{
	return strcmp(borrow_text(line, name), text) == 0;
}

/* raw is the line as it stands there, without its end */
typedef bool (*line_fn)(const json_t *line, struct span raw, void *ctx);

/*
 * Is it as queue_journal_put_message writes one? Almost all lines are, and
 * whoever asks for actions need not have a million of them parsed.
 */
static bool
is_message_line(struct span raw)
{
	static const char begin[] = "{\"v\": 1, \"event\": \"message\", ";

	return raw.len > sizeof(begin) &&
	    memcmp(raw.ptr, begin, sizeof(begin) - 1) == 0 &&
	    raw.ptr[raw.len - 1] == '}';
}

/* Which lines are to be looked at: those of a token, "" is in all; NULL: those of actions. */
static bool
is_wanted(struct span raw, const char *token)
{
	return token != NULL ?
	    memmem(raw.ptr, raw.len, token, strlen(token)) != NULL :
	    !is_message_line(raw);
}

/*
 * The lines of one file that are sound and wanted (is_wanted); false when fn
 * stopped it.
 */
static bool
each_line_of(FILE *fp, const char *token, line_fn fn, void *ctx,
    size_t *damaged)
{
	char *text = NULL;
	size_t room = 0;
	json_t *line;
	bool goes_on = true;
	ssize_t len;

	while (goes_on && (len = getline(&text, &room, fp)) > 0) {
		len -= text[len - 1] == '\n';
		if (!is_wanted((struct span){ text, (size_t)len }, token))
			continue;
		line = json_loadb(text, (size_t)len, 0, NULL);
		if (json_is_object(line))
			goes_on = fn(line, (struct span){ text, (size_t)len },
			    ctx);
		else if (damaged != NULL)
			(*damaged)++;
		json_decref(line);
	}
	free(text);
	return goes_on;
}

static int
each_line(const char *token, line_fn fn, void *ctx, size_t *damaged, struct err *err)
{
	struct buf path = BUF_INIT;
	FILE *fp;
	int i, rc = 0;

	if (damaged != NULL)
		*damaged = 0;
	for (i = JOURNAL_KEPT; i >= 0; i--) {
		journal_path(&path, i);
		if ((fp = fopen(path.ptr, "re")) == NULL) {
			if (errno != ENOENT)
				rc = err_sys(err, "open %s", path.ptr);
			continue;
		}
		if (!each_line_of(fp, token, fn, ctx, damaged))
			i = 0;
		fclose(fp);
	}
	buf_done(&path);
	return rc;
}

/* An action while its lines come together. */
struct gathered {
	struct queue_journal_action a;
	char		*texts[TEXTS];
	struct gathered	*undone;	/* by this one */
	struct gathered	*next;
	UT_hash_handle	 hh;
};

struct gather {
	struct gathered	*by_token, *first, **last;
};

static void
begin_action(struct gather *g, const json_t *line)
{
	static const char *const names[TEXTS] = { "token", "action", "user",
	    "command", "select", "note", "of", "archive" };
	struct gathered *one = xcalloc(1, sizeof(*one)), *old;
	struct queue_journal_action *a = &one->a;
	int i;

	for (i = 0; i < TEXTS; i++)
		one->texts[i] = text_of(line, names[i]);
	a->token = one->texts[0];
	a->action = one->texts[1];
	a->user = one->texts[2];
	a->command = one->texts[3];
	a->select = one->texts[4];
	a->note = one->texts[5];
	a->of = one->texts[6];
	a->archive = one->texts[7];
	a->time = int_of(line, "time");
	a->usec = int_of(line, "usec");
	a->is_final = json_is_false(json_object_get(line, "undo"));
	a->messages = int_of(line, "messages");
	a->bytes = int_of(line, "bytes");
	*g->last = one;
	g->last = &one->next;
	if (a->of[0] != '\0') {
		HASH_FIND_STR(g->by_token, a->of, old);
		if (old != NULL && a->select[0] == '\0') {
			old->a.is_undone = true;
			one->undone = old;
		}
	}
	HASH_FIND_STR(g->by_token, a->token, old);
	if (old == NULL)
		HASH_ADD_KEYPTR(hh, g->by_token, a->token, strlen(a->token),
		    one);
}

static void
end_action(struct gather *g, const json_t *line)
{
	char *token = text_of(line, "token");
	struct gathered *one;
	int i;

	HASH_FIND_STR(g->by_token, token, one);
	if (one != NULL) {
		one->a.is_ended = true;
		one->a.ended = int_of(line, "time");
		for (i = 0; i < QUEUE_RESULT_COUNT; i++)
			one->a.counts[i] = int_of(line,
			    queue_result_name((enum queue_result)i));
		/* Who repeats "undo last" means what is left of it. */
		if (one->undone != NULL &&
		    (one->a.counts[QUEUE_RESULT_FAILED] > 0 ||
		    one->a.counts[QUEUE_RESULT_CHANGED] > 0))
			one->undone->a.is_undone = false;
	}
	free(token);
}

static bool
gather_line(const json_t *line, struct span raw, void *ctx)
{
	(void)raw;
	if (says(line, "event", "begin"))
		begin_action(ctx, line);
	else if (says(line, "event", "end"))
		end_action(ctx, line);
	return true;
}

/* Hand them out, oldest first, and free them. */
static void
give_actions(struct gather *g, time_t since, queue_journal_action_fn fn,
    void *ctx)
{
	struct gathered *one, *next;
	bool goes_on = true;
	int i;

	HASH_CLEAR(hh, g->by_token);
	for (one = g->first; one != NULL; one = next) {
		if (goes_on && one->a.time >= since)
			goes_on = fn(&one->a, ctx);
		next = one->next;
		for (i = 0; i < TEXTS; i++)
			free(one->texts[i]);
		free(one);
	}
}

int
queue_journal_each(time_t since, queue_journal_action_fn fn, void *ctx,
    size_t *damaged, struct err *err)
{
	struct gather g = { NULL, NULL, &g.first };
	int rc;

	rc = each_line(NULL, gather_line, &g, damaged, err);
	give_actions(&g, since, fn, ctx);
	return rc;
}

/* Tokens of actions that are recent enough. */
struct recent {
	char		*token;
	UT_hash_handle	 hh;
};

struct lines {
	time_t		 since;
	queue_journal_line_fn fn;
	void		*ctx;
	struct recent	*recent;
};

static bool
pass_line(const json_t *line, struct span raw, void *ctx)
{
	struct lines *l = ctx;
	struct recent *one;
	char *token = text_of(line, "token");
	bool goes_on = true;

	HASH_FIND_STR(l->recent, token, one);
	if (one == NULL && says(line, "event", "begin") &&
	    int_of(line, "time") >= l->since) {
		one = xcalloc(1, sizeof(*one));
		one->token = xstrdup(token);
		HASH_ADD_KEYPTR(hh, l->recent, one->token,
		    strlen(one->token), one);
	}
	if (one != NULL)
		goes_on = l->fn(raw, l->ctx);
	free(token);
	return goes_on;
}

int
queue_journal_lines(time_t since, queue_journal_line_fn fn, void *ctx,
    size_t *damaged, struct err *err)
{
	struct lines l = { since, fn, ctx, NULL };
	struct recent *one, *next;
	int rc;

	rc = each_line("", pass_line, &l, damaged, err);
	HASH_ITER(hh, l.recent, one, next) {
		HASH_DEL(l.recent, one);
		free(one->token);
		free(one);
	}
	return rc;
}

int
queue_journal_begin_in(const char *path, queue_journal_action_fn fn, void *ctx,
    struct err *err)
{
	struct gather g = { NULL, NULL, &g.first };
	char *text = NULL;
	size_t room = 0;
	json_t *line;
	ssize_t len;
	FILE *fp;
	int rc = 0;

	if ((fp = fopen(path, "re")) == NULL)
		return err_sys(err, "open %s", path);
	len = getline(&text, &room, fp);
	line = len > 0 ? json_loadb(text, (size_t)len, 0, NULL) : NULL;
	if (json_is_object(line) && says(line, "event", "begin"))
		begin_action(&g, line);
	else
		rc = err_set(err, ERR_SYNTAX, "%s:1: not the beginning of an "
		    "action", path);
	json_decref(line);
	free(text);
	fclose(fp);
	give_actions(&g, 0, fn, ctx);
	return rc;
}

/* ---- the messages of one action ---- */

struct message_line {
	struct queue_journal_message m;
	char		*texts[6];	/* id, queue, path, new_id, result, why; NULL: as most have it */
	UT_hash_handle	 hh;
};

struct message_gather {
	const char	*token;
	struct message_line *by_id;	/* uthash keeps the order */
};

/* 1749729600.123456: a double has digits enough. */
static void
read_arrival(const json_t *line, struct timeval *tv)
{
	double arrived = json_number_value(json_object_get(line, "arrived"));
	double whole = floor(arrived);

	tv->tv_sec = (time_t)whole;
	tv->tv_usec = (suseconds_t)llround((arrived - whole) * 1e6);
}

/*
 * A text of the line, kept as the nth. Of a million messages hardly one has
 * each of them, so what is usual takes no memory.
 */
static const char *
keep_text(struct message_line *one, int nth, const json_t *line,
    const char *name, const char *usual)
{
	const char *text = borrow_text(line, name);

	free(one->texts[nth]);
	one->texts[nth] = strcmp(text, usual) != 0 ? xstrdup(text) : NULL;
	return one->texts[nth] != NULL ? one->texts[nth] : usual;
}

static void
fill_message(struct message_line *one, const json_t *line)
{
	struct queue_journal_message *m = &one->m;

	m->what.queue = keep_text(one, 1, line, "queue", "deferred");
	m->what.path = keep_text(one, 2, line, "path", "");
	if (m->what.path[0] == '\0')
		m->what.path = NULL;
	m->new_id = keep_text(one, 3, line, "new_id", "");
	m->what.dev = (dev_t)int_of(line, "dev");
	m->what.inode = (ino_t)int_of(line, "inode");
	m->what.bytes = int_of(line, "bytes");
	read_arrival(line, &m->what.arrival);
	m->mtime = int_of(line, "mtime");
	m->mode = (mode_t)int_of(line, "mode");
	m->rcpts = int_of(line, "recipients");
}

static bool
gather_message(const json_t *line, struct span raw, void *ctx)
{
	struct message_gather *g = ctx;
	struct message_line *one;
	bool is_message, is_result;
	char *id;

	(void)raw;
	if (!says(line, "token", g->token))
		return true;
	is_message = says(line, "event", "message");
	is_result = says(line, "event", "result");
	if (!is_message && !is_result)
		return true;
	id = text_of(line, "id");
	HASH_FIND_STR(g->by_id, id, one);
	if (one == NULL && is_message) {
		one = xcalloc(1, sizeof(*one));
		one->texts[0] = xstrdup(id);
		one->m.result = "done";
		one->m.why = "";
		one->m.what.id = one->texts[0];
		HASH_ADD_KEYPTR(hh, g->by_id, one->texts[0],
		    strlen(one->texts[0]), one);
	}
	free(id);
	if (one == NULL)
		return true;
	if (is_message) {
		fill_message(one, line);
	} else {
		one->m.result = keep_text(one, 4, line, "result", "done");
		one->m.why = keep_text(one, 5, line, "why", "");
		if (says(line, "result", "done"))
			one->m.new_id = keep_text(one, 3, line, "new_id", "");
	}
	return true;
}

/* Hand them out in order, and free them. */
static void
give_messages(struct message_gather *g, queue_journal_message_fn fn,
    void *ctx)
{
	struct message_line *one, *next;
	bool goes_on = true;
	int i;

	HASH_ITER(hh, g->by_id, one, next) {
		goes_on = goes_on && fn(&one->m, ctx);
		HASH_DEL(g->by_id, one);
		for (i = 0; i < 6; i++)
			free(one->texts[i]);
		free(one);
	}
}

int
queue_journal_messages(const char *token, queue_journal_message_fn fn,
    void *ctx, struct err *err)
{
	struct message_gather g = { token, NULL };
	int rc;

	rc = each_line(token, gather_message, &g, NULL, err);
	give_messages(&g, fn, ctx);
	return rc;
}

int
queue_journal_messages_in(const char *path, const char *token,
    queue_journal_message_fn fn, void *ctx, struct err *err)
{
	struct message_gather g = { token, NULL };
	FILE *fp;

	if ((fp = fopen(path, "re")) == NULL)
		return err_sys(err, "open %s", path);
	each_line_of(fp, token, gather_message, &g, NULL);
	fclose(fp);
	give_messages(&g, fn, ctx);
	return 0;
}
