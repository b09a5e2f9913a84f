/*
 * main.c - postsuper: delete, hold, release, requeue, expire; repair
 *
 * Short options are the classic ones and go to classic.c; long ones are new
 * and go to bulk.c and look.c. The two do not mix.
 *
 * SPDX-License-Identifier: ISC
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postsuper/archive.h"
#include "cmd/postsuper/bulk.h"
#include "cmd/postsuper/edit.h"
#include "cmd/postsuper/super.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash.h"

static const char usage_text[] =
    "examples:\n"
    "  postsuper --delete --select 'sender = news@example.org and age > 2h'\n"
    "  postsuper --hold --select 'sasl = jdoe' --note 'abused account'\n"
    "  postsuper --edit --drop-rcpt 'domain = example.net' 4F2AB10C\n"
    "  postsuper --undo last\n"
    "  postqueue --select '@stuck' --format ids | postsuper --requeue --ids - --yes\n"
    "\n"
    "usage: postsuper [-psSv] [-c config_dir] [-d queue_id] [-e queue_id]\n"
    "                 [-f queue_id] [-h queue_id] [-H queue_id] [-r queue_id]\n"
    "                 [queue ...]\n"
    "       postsuper [-c config_dir] action ... [which] [option ...]\n"
    "                 [ALL | queue_id ...]\n"
    "       postsuper [-c config_dir] --undo last | token [--select expr]\n"
    "                 [--dry-run] [--yes] [--note text] [--json]\n"
    "       postsuper [-c config_dir] --export-queue file [--keep] [which]\n"
    "                 [option ...] [ALL | queue_id ...]\n"
    "       postsuper [-c config_dir] --import-queue file [--release]\n"
    "                 [--dry-run] [--yes] [--note text] [--json]\n"
    "       postsuper [-c config_dir] --trash [--json]\n"
    "       postsuper [-c config_dir] --verify [--json]\n"
    "       postsuper [-c config_dir] --repair [--dry-run] [--yes]\n"
    "                 [--note text] [--json]\n"
    "       postsuper [-c config_dir] --purge [--older-than time] [--dry-run]\n"
    "                 [--yes] [--note text] [--json]\n"
    "       postsuper [-c config_dir] --journal [--since time] [--json]\n"
    "       postsuper [-c config_dir] --recover [--json]\n"
    "\n"
    "queue_id of a short option may be ALL, or - to read queue IDs from\n"
    "standard input.\n"
    "\n"
    "actions:\n"
    "  --delete          into the trash, from where --undo takes them back\n"
    "  --hold            put on hold\n"
    "  --release         release from hold\n"
    "  --requeue         through submission again\n"
    "  --expire          return to sender at the next attempt\n"
    "  --expire-release  the same, and release from hold\n"
    "  --flush           try now\n"
    "  --bounce          return to sender now, with --reason text\n"
    "  --bounce-quiet    drop, and tell nobody\n"
    "  --edit            change them, with one or more of\n"
    "    --set-sender addr       --redirect addr      --filter transport:nexthop\n"
    "    --add-rcpt addr         --drop-rcpt expr     --mark-done expr\n"
    "    --map-rcpt s/re/text/   --map-rcpt 'map type:table'\n"
    "    --set-header 'Name: value'  --del-header name  --strip-attachment glob\n"
    "    --editor                one message as text, in $VISUAL\n"
    "    --keep-held             leave them on hold\n"
    "    --wait time             how long to wait for running deliveries (60s)\n"
    "which:\n"
    "  --select expr     a selection: see posthorn-select(5)\n"
    "  --from-queue q,q  of these queues only\n"
    "  --ids file        IDs, one a line, or a JSON listing; - is standard input\n"
    "  ALL               every message\n"
    "options:\n"
    "  --dry-run         show the plan, do nothing\n"
    "  --yes             do not ask\n"
    "  --max n           refuse when more than n match\n"
    "  --expect n        refuse unless exactly n match\n"
    "  --limit n         only the first n, --order field: in this order\n"
    "  --rate n/s        so many a second (also n/m, n/h)\n"
    "  --batch n         rest after every n, --pause time: for so long\n"
    "  --copy-to dir     first copy queue files and logs into a new directory\n"
    "                    there; alone, do only that; --export mbox | eml: as mail\n"
    "  --keep            what is exported stays here, too, on hold\n"
    "  --note text       why: kept in the journal and the log\n"
    "  --no-undo         delete for good; needs no trash and no journal\n"
    "  --json            results as JSON, one object a line\n";

enum {
	LONG_HELP = 256, LONG_SELECT, LONG_FROM_QUEUE, LONG_IDS, LONG_DRY_RUN,
	LONG_YES, LONG_MAX, LONG_EXPECT, LONG_LIMIT, LONG_ORDER, LONG_RATE,
	LONG_BATCH, LONG_PAUSE, LONG_NOTE, LONG_REASON, LONG_NO_UNDO,
	LONG_JSON, LONG_UNDO, LONG_TRASH, LONG_PURGE, LONG_OLDER_THAN,
	LONG_JOURNAL, LONG_SINCE, LONG_EDITOR, LONG_KEEP_HELD, LONG_WAIT,
	LONG_RECOVER, LONG_COPY_TO, LONG_EXPORT, LONG_VERIFY,
	LONG_EXPORT_QUEUE, LONG_IMPORT_QUEUE, LONG_KEEP, LONG_REPAIR,
	LONG_OP,		/* + enum queue_edit_op */
	LONG_ACTION = LONG_OP + EDIT_OP_COUNT	/* + enum queue_action */
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, LONG_HELP },
	{ "delete", no_argument, NULL, LONG_ACTION + QUEUE_ACT_DELETE },
	{ "hold", no_argument, NULL, LONG_ACTION + QUEUE_ACT_HOLD },
	{ "release", no_argument, NULL, LONG_ACTION + QUEUE_ACT_RELEASE },
	{ "requeue", no_argument, NULL, LONG_ACTION + QUEUE_ACT_REQUEUE },
	{ "expire", no_argument, NULL, LONG_ACTION + QUEUE_ACT_EXPIRE },
	{ "expire-release", no_argument, NULL,
	    LONG_ACTION + QUEUE_ACT_EXPIRE_RELEASE },
	{ "flush", no_argument, NULL, LONG_ACTION + QUEUE_ACT_FLUSH },
	{ "bounce", no_argument, NULL, LONG_ACTION + QUEUE_ACT_BOUNCE },
	{ "bounce-quiet", no_argument, NULL, LONG_ACTION + QUEUE_ACT_DROP },
	{ "select", required_argument, NULL, LONG_SELECT },
	{ "from-queue", required_argument, NULL, LONG_FROM_QUEUE },
	{ "ids", required_argument, NULL, LONG_IDS },
	{ "dry-run", no_argument, NULL, LONG_DRY_RUN },
	{ "yes", no_argument, NULL, LONG_YES },
	{ "max", required_argument, NULL, LONG_MAX },
	{ "expect", required_argument, NULL, LONG_EXPECT },
	{ "limit", required_argument, NULL, LONG_LIMIT },
	{ "order", required_argument, NULL, LONG_ORDER },
	{ "rate", required_argument, NULL, LONG_RATE },
	{ "batch", required_argument, NULL, LONG_BATCH },
	{ "pause", required_argument, NULL, LONG_PAUSE },
	{ "note", required_argument, NULL, LONG_NOTE },
	{ "reason", required_argument, NULL, LONG_REASON },
	{ "no-undo", no_argument, NULL, LONG_NO_UNDO },
	{ "json", no_argument, NULL, LONG_JSON },
	{ "undo", required_argument, NULL, LONG_UNDO },
	{ "verify", no_argument, NULL, LONG_VERIFY },
	{ "repair", no_argument, NULL, LONG_REPAIR },
	{ "trash", no_argument, NULL, LONG_TRASH },
	{ "purge", no_argument, NULL, LONG_PURGE },
	{ "older-than", required_argument, NULL, LONG_OLDER_THAN },
	{ "journal", no_argument, NULL, LONG_JOURNAL },
	{ "copy-to", required_argument, NULL, LONG_COPY_TO },
	{ "export", required_argument, NULL, LONG_EXPORT },
	{ "export-queue", required_argument, NULL, LONG_EXPORT_QUEUE },
	{ "import-queue", required_argument, NULL, LONG_IMPORT_QUEUE },
	{ "keep", no_argument, NULL, LONG_KEEP },
	{ "since", required_argument, NULL, LONG_SINCE },
	{ "edit", no_argument, NULL, LONG_ACTION + QUEUE_ACT_EDIT },
	{ "set-sender", required_argument, NULL, LONG_OP + EDIT_SET_SENDER },
	{ "add-rcpt", required_argument, NULL, LONG_OP + EDIT_ADD_RCPT },
	{ "drop-rcpt", required_argument, NULL, LONG_OP + EDIT_DROP_RCPT },
	{ "map-rcpt", required_argument, NULL, LONG_OP + EDIT_MAP_RCPT },
	{ "redirect", required_argument, NULL, LONG_OP + EDIT_REDIRECT },
	{ "set-header", required_argument, NULL, LONG_OP + EDIT_SET_HEADER },
	{ "del-header", required_argument, NULL, LONG_OP + EDIT_DEL_HEADER },
	{ "strip-attachment", required_argument, NULL,
	    LONG_OP + EDIT_STRIP_ATTACHMENT },
	{ "filter", required_argument, NULL, LONG_OP + EDIT_FILTER },
	{ "mark-done", required_argument, NULL, LONG_OP + EDIT_MARK_DONE },
	{ "editor", no_argument, NULL, LONG_EDITOR },
	{ "keep-held", no_argument, NULL, LONG_KEEP_HELD },
	{ "wait", required_argument, NULL, LONG_WAIT },
	{ "recover", no_argument, NULL, LONG_RECOVER },
	{ NULL, 0, NULL, 0 }
};

struct command {
	const char	*config_dir;
	struct super_request classic;
	bool		 has_short;	/* another short option than -c and -v */
	struct bulk	 bulk;
	struct bulk_edit edit;
	int		 mode;		/* LONG_ACTION, LONG_UNDO ...; 0: classic */
	uint64_t	 given[2];	/* long options, as bits from LONG_HELP */
};

static volatile sig_atomic_t caught;

static void
note_signal(int sig)
{
	caught = sig;
	bulk_stop = 1;
}

static int
fatal_exit(void)
{
	super_warn_incomplete();
	return BULK_FATAL;
}

bool
super_has_signal(void)
{
	return caught != 0;
}

void
super_check_signal(void)
{
	if (!super_has_signal())
		return;
	super_warn_incomplete();
	exit(caught);
}

static void
catch_signals(void)
{
	static const int always[] = { SIGINT, SIGQUIT };
	static const int unless_ignored[] = { SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = note_signal }, old;
	size_t i;

	for (i = 0; i < 2; i++)
		sigaction(always[i], &sa, NULL);
	for (i = 0; i < 2; i++) {
		sigaction(unless_ignored[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(unless_ignored[i], &sa, NULL);
	}
}

static void
usage(void)
{
	log_fatal("usage: postsuper [-c config_dir] [-d queue_id (delete)] "
	    "[-e queue_id (expire)] [-f queue_id (expire and/or un-hold)] "
	    "[-h queue_id (hold)] [-H queue_id (un-hold)] "
	    "[-p (purge temporary files)] [-r queue_id (requeue)] "
	    "[-s (structure fix)] [-S (redundant structure fix)]"
	    "[-v (verbose)] [queue...]");
}

/* ---- short options ---- */

static void
add_order(struct super_request *rq, unsigned action, const char *id)
{
	rq->orders = xreallocarray(rq->orders, rq->count + 1,
	    sizeof(*rq->orders));
	rq->orders[rq->count].action = action;
	rq->orders[rq->count++].id = id;
	rq->asked |= action;
}

static void
read_short(int c, struct command *cmd)
{
	struct super_request *rq = &cmd->classic;

	cmd->has_short |= c != 'c' && c != 'v';
	switch (c) {
	case 'c':
		if (optarg[0] != '/')
			log_fatal("-c requires absolute pathname");
		cmd->config_dir = optarg;
		break;
	case 'd': add_order(rq, SUPER_DELETE, optarg); break;
	case 'e': add_order(rq, SUPER_EXPIRE, optarg); break;
	case 'f': add_order(rq, SUPER_EXPIRE_RELEASE, optarg); break;
	case 'h': add_order(rq, SUPER_HOLD, optarg); break;
	case 'H': add_order(rq, SUPER_RELEASE, optarg); break;
	case 'r': add_order(rq, SUPER_REQUEUE, optarg); break;
	case 'p': rq->repair |= SUPER_PURGE; break;
	case 's': rq->repair |= SUPER_STRUCT; break;
	case 'S': rq->repair |= SUPER_STRUCT_ALL; break;
	case 'v': log_verbose++; break;
	default: usage();
	}
}

/* ---- long options ---- */

static int64_t
number_of(const char *option, const char *text)
{
	uint64_t n;

	if (num_parse_uint(text, INT64_MAX, &n, NULL) == -1)
		log_fatal("--%s: bad number \"%s\"", option, text);
	return (int64_t)n;
}

static int64_t
seconds_of(const char *option, const char *text)
{
	int64_t n;

	if (!queue_select_duration(text, &n) &&
	    num_parse_time(text, 's', &n, NULL) == -1)
		log_fatal("--%s: bad duration \"%s\"", option, text);
	return n;
}

/* "50", "50/s", "100/m", "2000/h" as messages a second. */
static double
rate_of(const char *text)
{
	double n, per = 1;
	char *rest;

	n = strtod(text, &rest);
	if (strcmp(rest, "/m") == 0)
		per = 60;
	else if (strcmp(rest, "/h") == 0)
		per = 3600;
	else if (*rest != '\0' && strcmp(rest, "/s") != 0)
		per = 0;
	if (rest == text || per == 0 || !(n > 0) || n > 1e9)
		log_fatal("--rate: \"%s\" is no rate such as 50/s, 100/m",
		    text);
	return n / per;
}

static void
add_action(struct command *cmd, enum queue_action action)
{
	struct bulk *b = &cmd->bulk;
	size_t i;

	cmd->mode = LONG_ACTION;
	for (i = 0; i < b->action_count; i++)
		if (b->actions[i] == action)
			return;
	b->actions[b->action_count++] = action;
}

static void
read_long(int c, struct command *cmd)
{
	struct bulk *b = &cmd->bulk;

	switch (c) {
	case LONG_SELECT: b->select = optarg; break;
	case LONG_FROM_QUEUE: b->from_queue = optarg; break;
	case LONG_IDS: b->ids_file = optarg; break;
	case LONG_DRY_RUN: b->is_dry = true; break;
	case LONG_YES: b->is_sure = true; break;
	case LONG_MAX: b->guards.max = number_of("max", optarg); break;
	case LONG_EXPECT: b->guards.expect = number_of("expect", optarg); break;
	case LONG_LIMIT: b->limit = number_of("limit", optarg); break;
	case LONG_ORDER: b->order = optarg; break;
	case LONG_RATE: b->rate = rate_of(optarg); break;
	case LONG_BATCH: b->batch = (size_t)number_of("batch", optarg); break;
	case LONG_PAUSE: b->pause_ms = 1000 * seconds_of("pause", optarg); break;
	case LONG_NOTE: b->note = optarg; break;
	case LONG_REASON: b->reason = optarg; break;
	case LONG_NO_UNDO: b->has_no_undo = true; break;
	case LONG_JSON: b->wants_json = true; break;
	case LONG_COPY_TO:
		b->copy_to = optarg;
		if (cmd->mode == 0)
			cmd->mode = LONG_ACTION;
		break;
	case LONG_EXPORT:
		if (strcmp(optarg, "mbox") == 0)
			b->export = BULK_MBOX;
		else if (strcmp(optarg, "eml") == 0)
			b->export = BULK_EML;
		else
			log_fatal("--export: \"%s\" is neither mbox nor eml",
			    optarg);
		break;
	case LONG_OLDER_THAN:
		b->older_s = seconds_of("older-than", optarg);
		break;
	case LONG_EXPORT_QUEUE: b->export_queue = optarg; break;
	case LONG_IMPORT_QUEUE: b->import_queue = optarg; break;
	case LONG_KEEP: b->keeps = true; break;
	case LONG_SINCE: b->since = optarg; break;
	case LONG_UNDO: b->undo = optarg; break;
	case LONG_EDITOR: cmd->edit.has_editor = true; break;
	case LONG_KEEP_HELD: cmd->edit.keeps_held = true; break;
	case LONG_WAIT:
		cmd->edit.wait_s = seconds_of("wait", optarg);
		if (cmd->edit.wait_s > 86400)
			log_fatal("--wait: bad duration \"%s\"", optarg);
		break;
	default:
		if (c >= LONG_OP && c < LONG_ACTION)
			edit_order(&cmd->edit, (enum queue_edit_op)
			    (c - LONG_OP), optarg);
		if (c >= LONG_ACTION)
			add_action(cmd, (enum queue_action)(c - LONG_ACTION));
		break;
	}
	if (c == LONG_UNDO || c == LONG_TRASH || c == LONG_PURGE || c == LONG_VERIFY ||
	    c == LONG_JOURNAL || c == LONG_RECOVER || c == LONG_EXPORT_QUEUE ||
	    c == LONG_REPAIR) {
		if (cmd->mode != 0 && cmd->mode != c)
			log_fatal("only one of --undo, --trash, --purge, "
			    "--journal, --recover, or actions");
		cmd->mode = c;
	}
}

static void
read_options(int argc, char **argv, struct command *cmd)
{
	int c, mode;

	while ((c = getopt_long(argc, argv, "+c:d:e:f:h:H:pr:sSv",
	    long_options, NULL)) != -1) {
		if (c == LONG_HELP) {
			fputs(usage_text, stdout);
			exit(0);
		}
		if (c < LONG_HELP) {
			read_short(c, cmd);
			continue;
		}
		mode = cmd->mode;
		read_long(c, cmd);
		if (mode != 0 && mode != LONG_ACTION && c >= LONG_ACTION)
			log_fatal("only one of --undo, --trash, --purge, "
			    "--journal, --recover, or actions");
		cmd->given[(c - LONG_HELP) / 64] |=
		    (uint64_t)1 << ((c - LONG_HELP) % 64);
	}
}

/* Which options go with a mode; what belongs elsewhere is refused, not forgotten. */
static const struct {
	int		 mode;
	int		 options[24];	/* 0 ends it */
} companions[] = {
	{ LONG_ACTION, { LONG_SELECT, LONG_FROM_QUEUE, LONG_IDS, LONG_DRY_RUN,
	    LONG_YES, LONG_MAX, LONG_EXPECT, LONG_LIMIT, LONG_ORDER,
	    LONG_RATE, LONG_BATCH, LONG_PAUSE, LONG_NOTE, LONG_REASON,
	    LONG_NO_UNDO, LONG_JSON, LONG_EDITOR, LONG_KEEP_HELD,
	    LONG_WAIT, LONG_COPY_TO, LONG_EXPORT } },
	{ LONG_RECOVER, { LONG_RECOVER, LONG_JSON } },
	{ LONG_EXPORT_QUEUE, { LONG_EXPORT_QUEUE, LONG_KEEP, LONG_SELECT,
	    LONG_FROM_QUEUE, LONG_IDS, LONG_DRY_RUN, LONG_YES, LONG_MAX,
	    LONG_EXPECT, LONG_LIMIT, LONG_ORDER, LONG_NOTE, LONG_JSON } },
	{ LONG_IMPORT_QUEUE, { LONG_IMPORT_QUEUE, LONG_DRY_RUN, LONG_YES,
	    LONG_NOTE, LONG_JSON } },
	{ LONG_UNDO, { LONG_UNDO, LONG_SELECT, LONG_DRY_RUN, LONG_YES,
	    LONG_NOTE, LONG_JSON } },
	{ LONG_TRASH, { LONG_TRASH, LONG_JSON } },
	{ LONG_VERIFY, { LONG_VERIFY, LONG_JSON } },
	{ LONG_REPAIR, { LONG_REPAIR, LONG_DRY_RUN, LONG_YES, LONG_NOTE,
	    LONG_JSON } },
	{ LONG_PURGE, { LONG_PURGE, LONG_OLDER_THAN, LONG_DRY_RUN, LONG_YES,
	    LONG_NOTE, LONG_JSON } },
	{ LONG_JOURNAL, { LONG_JOURNAL, LONG_SINCE, LONG_JSON } },
};

static bool
goes_with(int mode, int option)
{
	size_t i, j;

	if (option >= LONG_OP)
		return mode == LONG_ACTION || (mode == LONG_IMPORT_QUEUE &&
		    option == LONG_ACTION + QUEUE_ACT_RELEASE);
	for (i = 0; i < sizeof(companions) / sizeof(companions[0]); i++)
		for (j = 0; companions[i].mode == mode &&
		    companions[i].options[j] != 0; j++)
			if (companions[i].options[j] == option)
				return true;
	return false;
}

static bool
is_given(const struct command *cmd, int option)
{
	return (cmd->given[(option - LONG_HELP) / 64] >>
	    ((option - LONG_HELP) % 64) & 1) != 0;
}

static bool
has_action(const struct bulk *b, enum queue_action action)
{
	size_t i;

	for (i = 0; i < b->action_count; i++)
		if (b->actions[i] == action)
			return true;
	return false;
}

/* Operands of a bulk action: ALL, or IDs. */
static void
read_operands(struct bulk *b, char **argv)
{
	size_t i;

	for (i = 0; argv[i] != NULL; i++)
		if (argv[i][0] == '-')
			log_fatal("options stand before ALL and queue IDs: %s",
			    argv[i]);
	b->is_all = argv[0] != NULL && strcmp(argv[0], "ALL") == 0;
	if (b->is_all && argv[1] != NULL)
		log_fatal("ALL stands alone");
	if (b->is_all)
		return;
	b->ids = (const char *const *)argv;
	for (; argv[b->id_count] != NULL; b->id_count++)
		if (strcmp(argv[b->id_count], "ALL") == 0)
			log_fatal("ALL stands alone");
}

/* An edit is an action of its own: where it leads, other actions do not follow. */
static void
check_edit(struct command *cmd)
{
	const struct bulk *b = &cmd->bulk;
	bool has_parts = cmd->edit.count > 0 || cmd->edit.has_editor;

	if (!has_action(b, QUEUE_ACT_EDIT)) {
		if (has_parts || is_given(cmd, LONG_KEEP_HELD) ||
		    is_given(cmd, LONG_WAIT))
			log_fatal("--set-sender, --drop-rcpt, --editor, "
			    "--keep-held, ... go with --edit");
		return;
	}
	if (b->action_count > 1)
		log_fatal("--edit stands alone");
	if (b->rate > 0 || b->batch > 0)
		log_fatal("--edit goes with neither --rate nor --batch");
	if (cmd->edit.has_editor && b->is_dry)
		log_fatal("--editor shows the differences and asks: "
		    "--dry-run does not go with it");
	cmd->bulk.edit = &cmd->edit;
}

static void
check_long(struct command *cmd, char **operands)
{
	struct bulk *b = &cmd->bulk;
	size_t i;

	/* Here --release is no action of its own. */
	if (b->import_queue != NULL) {
		b->releases = has_action(b, QUEUE_ACT_RELEASE);
		cmd->mode = LONG_IMPORT_QUEUE;
	}
	if (cmd->has_short)
		log_fatal("short and long options for actions do not mix");
	if (cmd->mode == 0)
		log_fatal("no action: --delete, --hold, --release, --requeue, "
		    "--expire, ...; see --help");
	for (i = 0; long_options[i].name != NULL; i++)
		if (is_given(cmd, long_options[i].val) &&
		    !goes_with(cmd->mode, long_options[i].val))
			log_fatal("--%s does not go with what else is asked "
			    "for", long_options[i].name);
	if (cmd->mode != LONG_ACTION && cmd->mode != LONG_EXPORT_QUEUE) {
		if (operands[0] != NULL)
			log_fatal("no operand is wanted: %s", operands[0]);
		return;
	}
	read_operands(b, operands);
	if (!b->is_all && b->id_count == 0 && b->select == NULL &&
	    b->ids_file == NULL)
		log_fatal("which messages? --select, --ids, queue IDs, or "
		    "ALL");
	if (b->is_all && (b->select != NULL || b->ids_file != NULL))
		log_fatal("ALL goes with neither --select nor --ids");
	if (b->export != BULK_FILES && b->copy_to == NULL)
		log_fatal("--export goes with --copy-to");
	if (b->pause_ms > 0 && b->batch == 0)
		log_fatal("--pause goes with --batch");
	if (has_action(b, QUEUE_ACT_BOUNCE) != (b->reason != NULL))
		log_fatal("--bounce and --reason go together");
	check_edit(cmd);
	if (b->has_no_undo && !has_action(b, QUEUE_ACT_DELETE) &&
	    !has_action(b, QUEUE_ACT_DROP))
		log_fatal("--no-undo goes with --delete and --bounce-quiet");
}

static enum bulk_status
run_long(struct command *cmd)
{
	switch (cmd->mode) {
	case LONG_UNDO: return bulk_undo(&cmd->bulk);
	case LONG_TRASH: return bulk_trash(&cmd->bulk);
	case LONG_EXPORT_QUEUE: return bulk_export_queue(&cmd->bulk);
	case LONG_IMPORT_QUEUE: return bulk_import_queue(&cmd->bulk);
	case LONG_VERIFY: return bulk_verify(&cmd->bulk);
	case LONG_REPAIR: return bulk_repair(&cmd->bulk);
	case LONG_PURGE: return bulk_purge(&cmd->bulk);
	case LONG_JOURNAL: return bulk_journal(&cmd->bulk);
	case LONG_RECOVER: return edit_recover(&cmd->bulk);
	default: return bulk_act(&cmd->bulk);
	}
}

int
main(int argc, char **argv)
{
	struct command cmd = { .bulk = BULK_INIT, .edit = BULK_EDIT_INIT };
	struct err err = ERR_INIT;
	bool is_long;
	int status = 0;

	command_start(argv);
	log_on_fatal(fatal_exit);
	if (geteuid() != getuid() || getegid() != getgid())
		log_fatal("this command may not be set-uid or set-gid");
	read_options(argc, argv, &cmd);
	is_long = cmd.given[0] != 0 || cmd.given[1] != 0;
	if (is_long)
		check_long(&cmd, argv + optind);
	else if (cmd.classic.repair == 0 && cmd.classic.count == 0)
		cmd.classic.repair = SUPER_PURGE | SUPER_STRUCT;
	catch_signals();
	command_load(cmd.config_dir, COMMAND_KEEP_ENV);
	if (getuid() != 0 && !params_is_private())
		log_fatal("use of this command is reserved for the superuser");
	if (is_long)
		bulk_prepare(&cmd.bulk);
	if (cmd.bulk.edit != NULL)
		edit_prepare(&cmd.edit);
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	/* Not everything needs it; what does will say so. */
	if ((is_long || params.posthorn_trash_classic) &&
	    queue_trash_prepare(&err) == -1)
		log_warning("%s", err.text);
	if (queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
	/*
	 * While nobody serves the log file it is written to by its owner. The
	 * new actions have their journal: they never end half way for it.
	 */
	if (!is_long)
		log_needs_file();
	params_log(LOG_TO_STDERR, true);
	if (is_long)
		status = (int)run_long(&cmd);
	else
		super_run(&cmd.classic, (const char *const *)(argv + optind));
	bulk_done(&cmd.bulk);
	edit_done(&cmd.edit);
	free(cmd.classic.orders);
	return status;
}
