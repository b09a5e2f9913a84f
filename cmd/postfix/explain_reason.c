/*
 * explain_reason.c - what kind of trouble a text speaks of, and what to do
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_reason.h"

static const char usage_text[] =
	"usage: postfix [-c config_dir] explain reason [--dsn=CODE] [--json] TEXT\n"
	"\n"
	"  postfix explain reason 'host mx.example[192.0.2.1] said: 421 4.7.0 too many'\n"
	"  postfix explain reason --dsn=4.4.1 'connect to mx.example: timed out'\n"
	"\n"
	"TEXT is what stands in parentheses behind a status in the log, or what the\n"
	"queue listing shows. A status code may stand in front of it.\n"
	"Exit status: 0 a rule fits, 3 none does, 1 error.\n";

void
explain_load_reasons(void)
{
	struct err err = ERR_INIT;

	if (params.posthorn_reasons_file[0] != '\0' &&
	    queue_reason_load(params.posthorn_reasons_file, &err) == -1)
		log_fatal("%s", err.text);
}

/* "reasons.tsv line 3: code 5.1.1, text like ..." */
static void
put_rule(struct buf *out, const struct queue_reason_row *row, unsigned line)
{
	bool is_own = params.posthorn_reasons_file[0] != '\0';

	buf_addf(out, "%s %u of %s:", is_own ? "line" : "row", line,
	    is_own ? params.posthorn_reasons_file : "the built-in ones");
	if (strcmp(row->dsn, "*") != 0)
		buf_addf(out, " status %s", row->dsn);
	if (strcmp(row->code, "*") != 0)
		buf_addf(out, " reply %s", row->code);
	if (strcmp(row->regex, "*") != 0)
		buf_addf(out, " text %s", row->regex);
}

/* The last row is for what no other fits. */
static bool
takes_all(const struct queue_reason_row *row)
{
	return strcmp(row->dsn, "*") == 0 && strcmp(row->code, "*") == 0 &&
	    strcmp(row->regex, "*") == 0;
}

/* What the text holds besides: "name[address]". */
static void
put_relay(struct buf *out, const char *text)
{
	struct buf address = BUF_INIT;

	if (queue_reason_relay(text, out, &address))
		buf_addf(out, "[%s]", address.ptr);
	buf_done(&address);
}

static int
tell(const char *text, const char *dsn, bool is_json)
{
	const char *advice;
	enum queue_reason_class class = queue_reason_classify(text, dsn,
	    &advice);
	struct queue_reason_row row;
	unsigned line;
	bool has_rule = queue_reason_rule(text, dsn, &row, &line) &&
	    !takes_all(&row);
	bool is_suspended;
	struct buf rule = BUF_INIT, relay = BUF_INIT, signature = BUF_INIT,
	    out = BUF_INIT;
	int code = queue_reason_code(queue_reason_peel(text, &is_suspended));

	if (has_rule)
		put_rule(&rule, &row, line);
	put_relay(&relay, text);
	queue_reason_signature(text, &signature);
	if (is_json) {
		buf_adds(&out, "{\"v\": 1");
		table_report_members(&out, "reason", text, "dsn",
		    *dsn != '\0' ? dsn : NULL, "class",
		    queue_reason_class_name(class), "rule",
		    has_rule ? rule.ptr : NULL, "advice",
		    *advice != '\0' ? advice : NULL, "relay",
		    relay.len > 0 ? relay.ptr : NULL, "signature",
		    signature.ptr, NULL);
		if (code != 0)
			table_report_members(&out, "#code", (long long)code,
			    NULL);
		printf("%s, \"suspended\": %s}\n", out.ptr,
		    is_suspended ? "true" : "false");
	} else {
		explain_line(stdout, "class", queue_reason_class_name(class),
		    NULL);
		if (is_suspended)
			explain_line(stdout, "suspended", "the destination "
			    "waits after failures; what follows is the first "
			    "of them", NULL);
		explain_line(stdout, "rule", has_rule ? rule.ptr :
		    "none fits", NULL);
		if (*dsn != '\0')
			explain_dsn(stdout, dsn);
		if (relay.len > 0)
			explain_line(stdout, "host", relay.ptr, NULL);
		explain_line(stdout, "alike", signature.ptr, NULL);
		if (*advice != '\0')
			explain_line(stdout, "advice", advice, NULL);
	}
	buf_done(&rule);
	buf_done(&relay);
	buf_done(&signature);
	buf_done(&out);
	return has_rule ? EXPLAIN_DECIDED : EXPLAIN_NO_ROUTE;
}

void
explain_dsn(FILE *out, const char *dsn)
{
	static const char *const subjects[] = { "", "the address",
	    "the mailbox", "the mail system", "the network, or routing",
	    "the protocol", "the content", "security, or policy" };
	struct buf text = BUF_INIT;
	unsigned subject;

	if (dsn_status_len(dsn) == 0)
		return;
	subject = (unsigned)strtoul(dsn + 2, NULL, 10);
	buf_addf(&text, "%s: %s", dsn, dsn[0] == '2' ? "done" :
	    dsn[0] == '4' ? "not now" : "never");
	if (subject > 0 && subject < sizeof(subjects) / sizeof(subjects[0]))
		buf_addf(&text, "; it is about %s", subjects[subject]);
	explain_line(out, "dsn", text.ptr, NULL);	/* RFC 3463 3 */
	buf_done(&text);
}

int
explain_reason(char **args)
{
	static const struct option options[] = {
		{ "dsn", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	char status[DSN_STATUS_SIZE];
	const char *dsn = "", *text;
	bool is_json = false;
	int argc = 0, ch;

	while (args[argc] != NULL)
		argc++;
	optind = 0;
	while ((ch = getopt_long(argc, args, "+", options, NULL)) != -1) {
		switch (ch) {
		case 'd':
			if (dsn_status_len(optarg) != strlen(optarg))
				log_fatal("--dsn=%s: no status code such as "
				    "4.4.1", optarg);
			dsn = optarg;
			break;
		case 'j': is_json = true; break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	if (argc - optind != 1) {
		fputs(usage_text, stderr);
		return 1;
	}
	explain_load_reasons();
	text = args[optind];
	if (*dsn == '\0') {
		text = dsn_split(text, "", status);
		dsn = status;
	}
	return tell(text, dsn, is_json);
}
