/*
 * options.c - the command line of postsuper, read
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postsuper/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/postsuper/archive.h"
#include "cmd/postsuper/options_internal.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/command.h"

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
    "       postsuper [-c config_dir] --reorder [--dry-run] [--yes]\n"
    "                 [--note text] [--json]\n"
    "       postsuper [-c config_dir] --purge [--older-than time] [--dry-run]\n"
    "                 [--yes] [--note text] [--json]\n"
    "       postsuper [-c config_dir] --journal [--since time] [--json]\n"
    "       postsuper [-c config_dir] --recover [--json]\n"
    "       postsuper --json-schema\n"
    "\n"
    "queue_id of a short option may be ALL, or - to read queue IDs from\n"
    "standard input.\n"
    "\n"
    "actions:\n"
    "  --delete          into the trash, from where --undo takes them back\n"
    "  --hold            put on hold\n"
    "  --release         release from hold\n"
    "  --requeue         through submission again; --only-recipients expr:\n"
    "                    those that match, and the rest stays\n"
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

const struct option super_long_options[] = {
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
	{ "json-schema", no_argument, NULL, LONG_SCHEMA },
	{ "undo", required_argument, NULL, LONG_UNDO },
	{ "verify", no_argument, NULL, LONG_VERIFY },
	{ "repair", no_argument, NULL, LONG_REPAIR },
	{ "reorder", no_argument, NULL, LONG_REORDER },
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
	{ "only-recipients", required_argument, NULL,
	    LONG_OP + EDIT_REQUEUE_RCPT },
	{ "editor", no_argument, NULL, LONG_EDITOR },
	{ "keep-held", no_argument, NULL, LONG_KEEP_HELD },
	{ "wait", required_argument, NULL, LONG_WAIT },
	{ "recover", no_argument, NULL, LONG_RECOVER },
	{ NULL, 0, NULL, 0 }
};

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
read_short(int c, struct reader *r)
{
	struct super_request *rq = &r->o->classic;

	r->has_short |= c != 'c' && c != 'v';
	switch (c) {
	case 'c':
		if (optarg[0] != '/')
			log_fatal("-c requires absolute pathname");
		r->o->config_dir = optarg;
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

static enum bulk_export
export_form(const char *word)
{
	if (strcmp(word, "mbox") == 0)
		return BULK_MBOX;
	if (strcmp(word, "eml") != 0)
		log_fatal("--export: \"%s\" is neither mbox nor eml", word);
	return BULK_EML;
}

static void
add_action(struct reader *r, enum queue_action action)
{
	struct bulk *b = &r->o->bulk;
	size_t i;

	for (i = 0; i < b->action_count; i++)
		if (b->actions[i] == action)
			return;
	b->actions[b->action_count++] = action;
}

/* What is to be done; everything else says how. */
static void
set_mode(int c, struct reader *r)
{
	int mode = c;

	switch (c) {
	case LONG_UNDO: case LONG_TRASH: case LONG_PURGE: case LONG_VERIFY:
	case LONG_JOURNAL: case LONG_RECOVER: case LONG_EXPORT_QUEUE:
	case LONG_REPAIR: case LONG_REORDER:
		break;
	case LONG_COPY_TO:	/* an action where there is no other */
		if (r->mode == 0)
			r->mode = LONG_ACTION;
		return;
	default:
		if (c < LONG_ACTION)
			return;
		mode = LONG_ACTION;
	}
	if (r->mode != 0 && r->mode != mode)
		log_fatal("only one of --undo, --trash, --purge, "
		    "--journal, --recover, or actions");
	r->mode = mode;
}

static void
read_long(int c, struct reader *r)
{
	struct bulk *b = &r->o->bulk;

	switch (c) {
	case LONG_SELECT: b->select = optarg; break;
	case LONG_FROM_QUEUE: b->from_queue = optarg; break;
	case LONG_IDS: b->ids_file = optarg; break;
	case LONG_DRY_RUN: b->is_dry = true; break;
	case LONG_YES: b->is_sure = true; break;
	case LONG_MAX: b->guards.max = command_number("max", optarg); break;
	case LONG_EXPECT: b->guards.expect = command_number("expect", optarg); break;
	case LONG_LIMIT: b->limit = command_number("limit", optarg); break;
	case LONG_ORDER: b->order = optarg; break;
	case LONG_RATE: b->rate = command_rate("rate", optarg); break;
	case LONG_BATCH: b->batch = (size_t)command_number("batch", optarg); break;
	case LONG_PAUSE: b->pause_ms = 1000 * command_duration("pause", optarg); break;
	case LONG_NOTE: b->note = optarg; break;
	case LONG_REASON: b->reason = optarg; break;
	case LONG_NO_UNDO: b->has_no_undo = true; break;
	case LONG_JSON: b->wants_json = true; break;
	case LONG_COPY_TO: b->copy_to = optarg; break;
	case LONG_EXPORT: b->export = export_form(optarg); break;
	case LONG_OLDER_THAN: b->older_s = command_duration("older-than", optarg); break;
	case LONG_EXPORT_QUEUE: b->export_queue = optarg; break;
	case LONG_IMPORT_QUEUE: b->import_queue = optarg; break;
	case LONG_KEEP: b->keeps = true; break;
	case LONG_SINCE: b->since = optarg; break;
	case LONG_UNDO: b->undo = optarg; break;
	case LONG_EDITOR: r->o->edit.has_editor = true; break;
	case LONG_KEEP_HELD: r->o->edit.keeps_held = true; break;
	case LONG_WAIT:
		r->o->edit.wait_s = command_duration("wait", optarg);
		if (r->o->edit.wait_s > 86400)
			log_fatal("--wait: bad duration \"%s\"", optarg);
		break;
	default:
		if (c >= LONG_OP && c < LONG_ACTION)
			edit_order(&r->o->edit, (enum queue_edit_op)
			    (c - LONG_OP), optarg);
		if (c >= LONG_ACTION)
			add_action(r, (enum queue_action)(c - LONG_ACTION));
		break;
	}
}

static void
print_schema(void)
{
	struct buf out = BUF_INIT;

	super_schema(&out);
	fputs(out.ptr, stdout);
	buf_done(&out);
}

static void
read_options(int argc, char **argv, struct reader *r)
{
	int c;

	while ((c = getopt_long(argc, argv, "+c:d:e:f:h:H:pr:sSv",
	    super_long_options, NULL)) != -1) {
		if (c == LONG_HELP) {
			fputs(usage_text, stdout);
			exit(0);
		}
		if (c == LONG_SCHEMA) {
			print_schema();
			exit(0);
		}
		if (c < LONG_HELP) {
			read_short(c, r);
			continue;
		}
		set_mode(c, r);
		read_long(c, r);
		r->given[(c - LONG_HELP) / 64] |=
		    (uint64_t)1 << ((c - LONG_HELP) % 64);
	}
}

/* What does it, by mode; bulk_act for the rest. */
static const struct {
	int		 mode;
	enum bulk_status (*run)(const struct bulk *b);
} runners[] = {
	{ LONG_UNDO, bulk_undo },
	{ LONG_TRASH, bulk_trash },
	{ LONG_EXPORT_QUEUE, bulk_export_queue },
	{ LONG_IMPORT_QUEUE, bulk_import_queue },
	{ LONG_VERIFY, bulk_verify },
	{ LONG_REPAIR, bulk_repair },
	{ LONG_REORDER, bulk_reorder },
	{ LONG_PURGE, bulk_purge },
	{ LONG_JOURNAL, bulk_journal },
	{ LONG_RECOVER, edit_recover },
	{ LONG_ACTION, bulk_act },
};

void
super_options_read(int argc, char **argv, struct super_options *o)
{
	struct reader r = { .o = o };
	size_t i;

	read_options(argc, argv, &r);
	o->queues = (const char *const *)(argv + optind);
	if (r.given[0] == 0 && r.given[1] == 0) {
		if (o->classic.repair == 0 && o->classic.count == 0)
			o->classic.repair = SUPER_PURGE | SUPER_STRUCT;
		return;
	}
	options_check(&r, argv + optind);
	for (i = 0; runners[i].mode != r.mode; i++)
		;
	o->run = runners[i].run;
}

void
super_options_done(struct super_options *o)
{
	edit_done(&o->edit);
	free(o->classic.orders);
}
