/*
 * schema.c - postconf --json-schema: what --json writes
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/json_schema.h"

#define VERSION { "v", "!integer", "version of this form: 1" }
#define END { NULL, NULL, NULL }

static const struct json_schema_member parameter[] = { VERSION,
	{ "name", "!string", "of the parameter" },
	{ "value", "string", "with all references replaced" },
	{ "error", "string", "why that cannot be done; then there is no value" },
	{ "raw", "!string", "as it is written" },
	{ "default", "string", "unexpanded; without it: a name of the user" },
	{ "type", "!string", "string, raw, integer, long, time or boolean" },
	{ "source", "!string", "the file, default or command line" },
	{ "line", "integer", "of the file" },
	{ "used_by", "!users", "what refers to it, who reads it" },
	{ "meaning", "string", "--explain: in one line" },
	{ "notes", "string", "--explain: more, a sentence or an example a line" },
	{ "since", "string", "--explain: version" },
	{ "unread", "boolean", "--explain: no program of this version reads it" },
	END };

static const struct json_schema_member user[] = {
	{ "kind", "!string", "value, restriction, service, default or program" },
	{ "name", "!string", "of the parameter, service or program" },
	{ "file", "string", "where it stands" },
	{ "line", "integer", "of the file" },
	{ "value", "string", "that refers to it" }, END };

static const struct json_schema_member finding[] = { VERSION,
	{ "file", "!string", "where it is" },
	{ "line", "!integer", "of the file" },
	{ "level", "!string", "error, warning or info" },
	{ "rule", "!string", "as the manual page lists them" },
	{ "message", "!string", "what is wrong" },
	{ "fix", "string", "what to do" }, END };

static const struct json_schema_member change[] = { VERSION,
	{ "name", "!string", "of the parameter" },
	{ "result", "!string", "changed or unchanged" },
	{ "old", "!string", "value" },
	{ "new", "!string", "value" }, END };

static const struct json_schema_member need[] = { VERSION,
	{ "name", "!string", "of a parameter, or service:NAME/TYPE" },
	{ "applies", "!string", "reload, restart or next-use" },
	{ "readers", "!string", "services or commands" }, END };

static const struct json_schema_member apply[] = { VERSION,
	{ "apply", "!string", "nothing, none, reloaded, restart-needed or not-running" },
	END };

static const struct json_schema_member difference[] = { VERSION,
	{ "name", "!string", "of a parameter, or service:NAME/TYPE" },
	{ "a", "string", "value on the first side; without it: not there" },
	{ "b", "string", "value on the second side; without it: not there" },
	END };

static const struct {
	const char	*name;
	const struct json_schema_member *members;
} objects[] = {
	{ "parameter", parameter }, { "user", user }, { "lint", finding },
	{ "set", change }, { "need", need }, { "apply", apply },
	{ "diff", difference },
};

#define COUNT	(sizeof(objects) / sizeof(objects[0]))

static void
put_type(struct buf *out, const char *type)
{
	if (strcmp(type, "users") == 0)
		buf_adds(out, "\"type\": \"array\", \"items\": "
		    "{\"$ref\": \"#/$defs/user\"}");
	else {
		buf_adds(out, "\"type\": ");
		json_put_string(out, type);
	}
}

int
pc_schema(void)
{
	struct buf out = BUF_INIT;
	size_t i;

	buf_adds(&out, "{\n  \"$schema\": "
	    "\"https://json-schema.org/draft/2020-12/schema\",\n"
	    "  \"title\": \"postconf\",\n  \"description\": \"one line of "
	    "--json; a text that is not UTF-8 has a twin NAME_b64\",\n"
	    "  \"anyOf\": [");
	for (i = 0; i < COUNT; i++)
		buf_addf(&out, "%s{\"$ref\": \"#/$defs/%s\"}",
		    i > 0 ? ", " : "", objects[i].name);
	buf_adds(&out, "],\n  \"$defs\": {\n");
	for (i = 0; i < COUNT; i++) {
		json_schema_object(&out, objects[i].name, objects[i].members,
		    put_type);
		buf_adds(&out, i + 1 < COUNT ? ",\n" : "\n  }\n}\n");
	}
	fputs(out.ptr, stdout);
	buf_done(&out);
	return 0;
}
