/*
 * schema.c - the JSON schema of what postqueue writes
 *
 * One table a kind of object. Members may be added to a row's end of the
 * table, never renamed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/json_schema.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_reason.h"

static const struct json_schema_member message[] = {
	{ "v", "!integer", "version of this form: 1" },
	{ "event", "string", "with --watch: arrived, left or moved" },
	{ "queue", "!string", "queue it is in" },
	{ "id", "!string", "queue ID" },
	{ "arrived", "!number", "seconds since 1970, with microseconds" },
	{ "arrived_utc", "string", "the same as RFC 3339" },
	{ "age", "!integer", "seconds since it arrived" },
	{ "created", "integer", "when the queue file was made, if not then" },
	{ "next", "integer", "time of the next attempt" },
	{ "next_utc", "string", "the same as RFC 3339" },
	{ "size", "!integer", "bytes of the message" },
	{ "sender", "!string", "envelope sender, empty for bounces" },
	{ "recipients", "!rcpts", "recipients still to do" },
	{ "nrcpt", "!integer", "how many these are" },
	{ "ndone", "integer", "recipients done" },
	{ "sasl", "string", "login name" },
	{ "sasl_method", "string", "login method" },
	{ "sasl_sender", "string", "AUTH= of MAIL" },
	{ "client", "string", "client's name" },
	{ "client_addr", "string", "client's address" },
	{ "helo", "string", "client's HELO name" },
	{ "proto", "string", "SMTP, ESMTP, ..." },
	{ "filter", "string", "content filter" },
	{ "redirect", "string", "redirect address" },
	{ "verp", "string", "VERP delimiters" },
	{ "envid", "string", "DSN envelope ID" },
	{ "encoding", "string", "7bit or 8bit" },
	{ "forced_expire", "!boolean", "to be returned at the next attempt" },
	{ "flags", "!flags", "flags that are set" },
	{ "file", "file", "what identifies the file" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member rcpt[] = {
	{ "address", "!string", "address" },
	{ "orig_address", "string", "as it was given, if different" },
	{ "notify", "string", "DSN NOTIFY" },
	{ "reason", "string", "why it waits" },
	{ "class", "class", "kind of reason" },
	{ "dsn", "string", "enhanced status code" },
	{ "code", "integer", "SMTP reply code" },
	{ "relay", "string", "host that answered" },
	{ "relay_addr", "string", "its address" },
	{ "suspended", "boolean", "its destination is suspended" },
	{ "state", "!string", "to-do" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member file[] = {
	{ "dev", "!integer", "device" },
	{ "inode", "!integer", "inode" },
	{ "mtime", "!integer", "modification time" },
	{ "bytes", "!integer", "bytes on disk" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member group[] = {
	{ "v", "!integer", "version of this form: 1" },
	{ "messages", "!integer", "messages of the group" },
	{ "recipients", "integer", "recipients still to do" },
	{ "bytes", "integer", "size of the messages" },
	{ "oldest_age", "integer", "seconds since the first arrived" },
	{ "newest_age", "integer", "seconds since the last arrived" },
	{ "due", "integer", "messages that would be tried now" },
	{ "top_class", "class", "class of most recipients" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member shape[] = {
	{ "v", "!integer", "version of this form: 1" },
	{ "total", "!integer", "recipients of all ages" },
	{ "counts", "!counts", "recipients by the upper end of their age" },
	{ NULL, NULL, NULL }
};

static void
put_names(struct buf *out, const char *(*name)(size_t i))
{
	const char *text;
	size_t i;
	bool is_first = true;

	buf_adds(out, "[");
	for (i = 0; (text = name(i)) != NULL; i++) {
		if (text[0] == '\0')
			continue;
		buf_adds(out, is_first ? "" : ", ");
		json_put_string(out, text);
		is_first = false;
	}
	buf_adds(out, "]");
}

static const char *
class_name(size_t i)
{
	return i < REASON_COUNT ? queue_reason_class_name(
	    (enum queue_reason_class)i) : NULL;
}

static const char *
flag_name(size_t i)
{
	const struct queue_field *f = queue_field_at(i);

	return f == NULL ? NULL : f->type == FIELD_FLAG && f->inner == NULL ?
	    f->name : "";
}

static void
put_type(struct buf *out, const char *type)
{
	if (strcmp(type, "rcpts") == 0) {
		buf_adds(out, "\"type\": \"array\", \"items\": "
		    "{\"$ref\": \"#/$defs/recipient\"}");
	} else if (strcmp(type, "file") == 0) {
		buf_adds(out, "\"$ref\": \"#/$defs/file\"");
	} else if (strcmp(type, "counts") == 0) {
		buf_adds(out, "\"type\": \"object\", "
		    "\"additionalProperties\": {\"type\": \"integer\"}");
	} else if (strcmp(type, "class") == 0) {
		buf_adds(out, "\"enum\": ");
		put_names(out, class_name);
	} else if (strcmp(type, "flags") == 0) {
		buf_adds(out, "\"type\": \"array\", \"items\": {\"enum\": ");
		put_names(out, flag_name);
		buf_adds(out, "}");
	} else {
		json_schema_type(out, type);
	}
}

static void
put_object(struct buf *out, const char *name,
    const struct json_schema_member *members)
{
	json_schema_object(out, name, members, put_type);
}

void
schema_print(struct buf *out)
{
	buf_adds(out, "{\n  \"$schema\": "
	    "\"https://json-schema.org/draft/2020-12/schema\",\n"
	    "  \"title\": \"postqueue\",\n"
	    "  \"description\": \"one line of --format=jsonl; a text that is "
	    "not UTF-8 has a twin NAME_b64, fields of --columns and of groups "
	    "are members too\",\n"
	    "  \"anyOf\": [{\"$ref\": \"#/$defs/message\"}, "
	    "{\"$ref\": \"#/$defs/group\"}, {\"$ref\": \"#/$defs/shape\"}],\n"
	    "  \"$defs\": {\n");
	put_object(out, "message", message);
	buf_adds(out, ",\n");
	put_object(out, "recipient", rcpt);
	buf_adds(out, ",\n");
	put_object(out, "file", file);
	buf_adds(out, ",\n");
	put_object(out, "group", group);
	buf_adds(out, ",\n");
	put_object(out, "shape", shape);
	buf_adds(out, "\n  }\n}\n");
}
