/*
 * table_schema.c - the JSON schema of what postmap and postalias write
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_schema.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json_schema.h"

#define VERSION { "v", "!integer", "version of this form: 1" }
#define END { NULL, NULL, NULL }

static const struct json_schema_member built[] = { VERSION,
	{ "table", "!string", "type:name" },
	{ "entries", "!integer", "entries of the new index" }, END };

static const struct json_schema_member verified[] = { VERSION,
	{ "table", "!string", "type:name" },
	{ "finding", "!string", "missing, extra, different value, ..." },
	{ "key", "string", "of the entry" },
	{ "line", "integer", "of the source" },
	{ "text", "string", "of a finding about the files" }, END };

static const struct json_schema_member linted[] = { VERSION,
	{ "file", "!string", "the source" },
	{ "line", "!integer", "of the entry, 0: of the file" },
	{ "finding", "!string", "what is wrong" }, END };

static const struct json_schema_member explained[] = { VERSION,
	{ "class", "!string", "purpose of the tables" },
	{ "parameter", "!string", "that names them" },
	{ "tables", "!string", "their names" },
	{ "key", "!string", "as it was given" },
	{ "answer", "!string", "found, not found, retry or broken" },
	{ "result", "string", "what was found" },
	{ "addresses", "string", "canonical, generic, virtual: what the address becomes" },
	{ "steps", "!steps", "each key in each table" }, END };

static const struct json_schema_member step[] = {
	{ "step", "!integer", "counts from 1" },
	{ "parameter", "!string", "that names the table, or the purpose" },
	{ "table", "!string", "type:name" },
	{ "key", "!string", "that was asked for" },
	{ "why", "string", "it is asked for, unless it is the whole key" },
	{ "answer", "!string", "found, not found, retry, broken or not asked" },
	{ "ms", "integer", "the time it took" },
	{ "line", "integer", "of the source that has the answer" },
	{ "value", "string", "of that entry" },
	{ "rule", "string", "the line of patterns that matched" },
	{ "captures", "strings", "what its groups took" },
	{ "query", "string", "what a database was asked" }, END };

static const struct json_schema_member dumped[] = { VERSION,
	{ "key", "!string", "of an entry" },
	{ "value", "!string", "of the entry" }, END };

static const struct json_schema_member counted[] = { VERSION,
	{ "table", "!string", "type:name" },
	{ "entries", "!integer", "how many it has" },
	{ "key_bytes", "!integer", "of all keys" },
	{ "value_bytes", "!integer", "of all values" },
	{ "longest_key", "!integer", "in bytes" },
	{ "longest_value", "!integer", "in bytes" },
	{ "file", "string", "the index" },
	{ "file_bytes", "integer", "its size" },
	{ "built", "string", "its time as RFC 3339" },
	{ "built_epoch", "integer", "the same in seconds since 1970" },
	{ "age_seconds", "integer", "since then" }, END };

static const struct json_schema_member differing[] = { VERSION,
	{ "difference", "!string", "only in first, only in second, different" },
	{ "key", "!string", "of the entry" },
	{ "first", "string", "its value in the first table" },
	{ "second", "string", "its value in the second table" }, END };

static const struct json_schema_member tested[] = { VERSION,
	{ "key", "!string", "that was asked for" },
	{ "expected", "string", "value; without it: none" },
	{ "got", "string", "value; without it: none" }, END };

static const struct json_schema_member measured[] = { VERSION,
	{ "table", "!string", "type:name" },
	{ "lookups", "!integer", "of each kind" },
	{ "hits_per_second", "!integer", "keys that are there" },
	{ "misses_per_second", "!integer", "keys that are not" }, END };

static const struct {
	const char	*name;
	const struct json_schema_member *members;
} objects[] = {
	{ "build", built }, { "verify", verified }, { "lint", linted },
	{ "explain", explained }, { "dump", dumped }, { "stats", counted },
	{ "diff", differing }, { "test", tested }, { "bench", measured },
};

static void
put_type(struct buf *out, const char *type)
{
	if (strcmp(type, "steps") == 0) {
		buf_adds(out, "\"type\": \"array\", \"items\": "
		    "{\"$ref\": \"#/$defs/step\"}");
	} else {
		json_schema_type(out, type);
	}
}

void
table_schema(struct buf *out, const char *command)
{
	const size_t count = sizeof(objects) / sizeof(objects[0]);
	size_t i;

	buf_addf(out, "{\n  \"$schema\": "
	    "\"https://json-schema.org/draft/2020-12/schema\",\n"
	    "  \"title\": \"%s\",\n  \"description\": \"one line of --json; "
	    "a text that is not UTF-8 has a twin NAME_b64\",\n"
	    "  \"anyOf\": [", command);
	for (i = 0; i < count; i++)
		buf_addf(out, "%s{\"$ref\": \"#/$defs/%s\"}",
		    i > 0 ? ", " : "", objects[i].name);
	buf_adds(out, "],\n  \"$defs\": {\n");
	for (i = 0; i < count; i++) {
		json_schema_object(out, objects[i].name, objects[i].members,
		    put_type);
		buf_adds(out, ",\n");
	}
	json_schema_object(out, "step", step, put_type);
	buf_adds(out, "\n  }\n}\n");
}
