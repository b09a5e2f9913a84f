/*
 * json.c - postconf --json: a parameter with everything known about it
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/uses.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/conf/params_docs.h"

static const char *const type_names[] = { "string", "raw", "integer", "long",
	"time", "boolean" };

const char *
pc_type_name(const struct params_row *row)
{
	return row != NULL ? type_names[row->type] : "string";
}

struct users {
	struct buf	*out;
	size_t		 count;
};

static void
add_user(const struct pc_user *u, void *ctx)
{
	struct users *users = ctx;

	buf_adds(users->out, users->count++ > 0 ? ", {" : "{");
	pc_user_json(users->out, u);
	buf_addc(users->out, '}');
}

static void
add_member(struct buf *out, const char *name, const char *text)
{
	buf_adds(out, ", ");
	json_member(out, name, text);
}

void
pc_json_parameter(struct postconf *pc, struct buf *out, const char *name)
{
	const struct params_row *row = params_row_find(name);
	const struct main_cf_entry *e = main_cf_find(&pc->scope.cf, name);
	const char *raw = scope_lookup(name, &pc->scope), *def;
	struct buf value = BUF_INIT;
	struct users users = { out, 0 };
	struct err err = ERR_INIT;
	bool is_good = true;

	pc_class(pc, name, &def);
	raw = raw != NULL ? raw : "";
	if (row != NULL && row->type == PARAMS_RAW)
		buf_sets(&value, raw);
	else
		is_good = scope_expand(&pc->scope, &value, raw, &err) == 0;
	buf_adds(out, "{\"v\": 1, ");
	json_member(out, "name", name);
	if (is_good)
		add_member(out, "value", value.ptr);
	else
		add_member(out, "error", err.text);
	add_member(out, "raw", raw);
	if (def != NULL)
		add_member(out, "default", def);
	add_member(out, "type", pc_type_name(row));
	add_member(out, "source", e == NULL ? "default" : e->line > 0 ?
	    pc->main_file : "command line");
	if (e != NULL && e->line > 0)
		buf_addf(out, ", \"line\": %d", e->line);
	buf_adds(out, ", \"used_by\": [");
	pc_users_of_name(pc, name, add_user, &users);
	buf_adds(out, "]}");
	buf_done(&value);
}

static void
print_one(struct postconf *pc, const char *name)
{
	struct buf out = BUF_INIT;

	if (scope_lookup(name, &pc->scope) != NULL && (!pc->only_set ||
	    main_cf_find(&pc->scope.cf, name) != NULL)) {
		pc_json_parameter(pc, &out, name);
		puts(out.ptr);
	}
	buf_done(&out);
}

void
pc_json_document(struct postconf *pc, char **names)
{
	unsigned i;
	size_t j;

	if (*names == NULL) {
		for (i = 0; i < params_row_count; i++)
			if (pc_class(pc, params_row_name(&params_rows[i]),
			    NULL) != 0)
				print_one(pc, params_row_name(&params_rows[i]));
		for (j = 0; j < pc->names.count; j++)
			if (params_row_find(pc->names.list[j].name) == NULL)
				print_one(pc, pc->names.list[j].name);
	}
	for (; *names != NULL; names++)
		if (pc_class(pc, *names, NULL) == 0)
			log_warning("%s: unknown parameter", *names);
		else
			print_one(pc, *names);
}
