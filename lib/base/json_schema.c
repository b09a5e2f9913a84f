/*
 * json_schema.c - describe what a command writes as JSON (--json-schema)
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/json_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"

void
json_schema_type(struct buf *out, const char *type)
{
	if (strcmp(type, "strings") == 0) {
		buf_adds(out, "\"type\": \"array\", \"items\": "
		    "{\"type\": \"string\"}");
	} else {
		buf_adds(out, "\"type\": ");
		json_put_string(out, type);
	}
}

void
json_schema_object(struct buf *out, const char *name,
    const struct json_schema_member *members,
    void (*put_type)(struct buf *out, const char *type))
{
	const struct json_schema_member *m;
	bool is_first = true;

	buf_addf(out, "    \"%s\": {\n      \"type\": \"object\",\n"
	    "      \"properties\": {\n", name);
	for (m = members; m->name != NULL; m++) {
		buf_addf(out, "        \"%s\": {", m->name);
		put_type(out, m->type + (m->type[0] == '!'));
		buf_adds(out, ", \"description\": ");
		json_put_string(out, m->meaning);
		buf_adds(out, m[1].name != NULL ? "},\n" : "}\n");
	}
	buf_adds(out, "      },\n      \"required\": [");
	for (m = members; m->name != NULL; m++) {
		if (m->type[0] != '!')
			continue;
		buf_addf(out, "%s\"%s\"", is_first ? "" : ", ", m->name);
		is_first = false;
	}
	buf_adds(out, "]\n    }");
}
