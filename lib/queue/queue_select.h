/*
 * queue_select.h - the selection language: which messages are meant
 *
 *	sender = news@example.org and age > 2h
 *	any rcpt (domain under example.net and class = throttle)
 *	is bounce and not rcpt.domain in @file "ours.txt"
 *
 * parse -> typed tree -> evaluate against a message. Evaluation has three
 * values and reads no more of a message than the outcome depends on: first
 * what the directory entry tells, then the envelope, the defer log, the
 * headers.
 */
#ifndef LIB_QUEUE_QUEUE_SELECT_H
#define LIB_QUEUE_QUEUE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct buf;
struct err;
struct queue_field_context;
struct queue_select;

enum queue_select_result {
	SELECT_NO,
	SELECT_YES,
	SELECT_UNKNOWN		/* a field could not be known */
};

/*
 * queue_select_parse - read a selection
 *
 * now		what "now", "today" and "yesterday" mean
 *
 * NULL with ERR_SYNTAX: what is wrong, where ("at LINE:COLUMN"), and the
 * nearest field name where one was misspelt.
 */
struct queue_select	*queue_select_parse(const char *text, time_t now,
			    struct err *err);
void	queue_select_free(struct queue_select *s);

/*
 * queue_select_eval - is this message meant? reads of it what is needed
 *
 * Several threads may ask the same selection, each with its own context.
 */
enum queue_select_result	queue_select_eval(
			    const struct queue_select *s,
			    struct queue_field_context *c);

/*
 * queue_select_eval_rcpt - of a message that is meant: is this recipient?
 *
 * Tests of recipients are put to this one alone; no and all rcpt (...) speak
 * of the message as ever. Without any such test every recipient is meant.
 */
enum queue_select_result	queue_select_eval_rcpt(
			    const struct queue_select *s,
			    struct queue_field_context *c, size_t rcpt);

/* queue_select_may_match - false when nothing in this queue can match */
bool	queue_select_may_match(const struct queue_select *s,
	    const char *queue);

/* queue_select_uses - does any test look at the field of that name? */
bool	queue_select_uses(const struct queue_select *s, const char *field);
/* queue_select_tier - most that may have to be read (enum queue_field_tier) */
int	queue_select_tier(const struct queue_select *s);

/* queue_select_time - a time as selections know them, or how long ago: "today", "2026-11-21T14:00", "2h"; false when it is none */
bool	queue_select_time(const char *text, time_t now, time_t *out);

/*
 * queue_select_print - append the normal form: fully spelt, parses back to
 * the same tree
 */
void	queue_select_print(const struct queue_select *s, struct buf *out);

/*
 * queue_select_explain - append the tree, a line a node, each with the tier
 * that must be read to know it
 */
void	queue_select_explain(const struct queue_select *s, struct buf *out);

/*
 * queue_select_why - append one line a test: its text, the message's value,
 * true, false or unknown
 */
void	queue_select_why(const struct queue_select *s,
	    struct queue_field_context *c, struct buf *out);

/*
 * queue_select_saved - add saved selections from a file of "name = expr"
 *
 * Lines that begin with '#' are comments; a later name takes the place of an
 * earlier one, all of the built-in ones.
 */
int	queue_select_saved(const char *path, struct err *err);

/*
 * queue_select_setup - what the main.cf and the user add to the language:
 * posthorn_reasons_file, posthorn_selections and the user's own selections
 *
 * home		its .config/posthorn/selections is read when there is one; NULL: not
 */
int	queue_select_setup(const char *home, struct err *err);

/*
 * queue_select_queues - the queues that may hold a match
 *
 * s		NULL: everything
 * queues	out, NULL-terminated; corrupt and trash only where s names them
 */
#define QUEUE_SELECT_QUEUES	8
void	queue_select_queues(const struct queue_select *s,
	    const char *queues[QUEUE_SELECT_QUEUES]);

#endif
