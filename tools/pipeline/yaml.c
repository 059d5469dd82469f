/* The only file with libyaml: its events become a tree. */
#include "yaml.h"

#include <string.h>
#include <yaml.h>

struct reader {
	const char *name;
	yaml_parser_t parser;
	size_t parts;
	struct tusk_err *err;
};

static int complain(struct reader *reader, const yaml_mark_t *mark, const char *what, const char *more)
{
	return tusk_err_set(reader->err, TUSK_E_USAGE, 0, "%s:%zu:%zu: %s%s%s", reader->name, mark->line + 1,
			    mark->column + 1, what, more ? ": " : "", more ? more : "");
}

static int no_memory(struct reader *reader)
{
	return tusk_err_set(reader->err, TUSK_E_NOMEM, 0, "out of memory");
}

static int next_event(struct reader *reader, yaml_event_t *ret_event)
{
	if (yaml_parser_parse(&reader->parser, ret_event))
		return 0;
	const yaml_parser_t *parser = &reader->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(reader);
	/* Errors of the encoding come with an offset only: the mark is where reading had got to. */
	const yaml_mark_t *mark = parser->error == YAML_READER_ERROR ? &parser->mark : &parser->problem_mark;
	return complain(reader, mark, "not valid YAML", parser->problem);
}

static void release(struct pipeline_yaml *part)
{
	for (size_t i = 0; i < part->count; i++)
		release(&part->items[i]); /* as deep as PIPELINE_YAML_DEPTH_MAX */
	free(part->items);
	free(part->text);
}

void pipeline_yaml_free(struct pipeline_yaml *root)
{
	if (!root)
		return;
	release(root);
	free(root);
}

static int read_text(struct reader *reader, const yaml_event_t *event, struct pipeline_yaml *part)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	if (event->data.scalar.anchor || event->data.scalar.tag)
		return complain(reader, &event->start_mark, "anchors and tags are not allowed", NULL);
	if (memchr(text, 0, len))
		return complain(reader, &event->start_mark, "a NUL is not allowed", NULL);
	part->text = strndup(text, len);
	return part->text ? 0 : no_memory(reader);
}

/* Room for one more item; doubling, from 4. */
static struct pipeline_yaml *add_item(struct reader *reader, struct pipeline_yaml *part)
{
	size_t count = part->count;
	if (count == 0 || (count >= 4 && (count & (count - 1)) == 0)) {
		struct pipeline_yaml *items = reallocarray(part->items, count ? 2 * count : 4, sizeof(*items));
		if (!items) {
			no_memory(reader);
			return NULL;
		}
		part->items = items;
	}
	struct pipeline_yaml *item = &part->items[part->count++];
	*item = (struct pipeline_yaml){0};
	return item;
}

static int read_part(struct reader *reader, const yaml_event_t *event, struct pipeline_yaml *part, unsigned depth);

static int read_items(struct reader *reader, yaml_event_type_t end, struct pipeline_yaml *part, unsigned depth)
{
	for (;;) {
		yaml_event_t event;
		if (next_event(reader, &event) < 0)
			return -1;
		int rc = 1;
		if (event.type != end) {
			struct pipeline_yaml *item = add_item(reader, part);
			rc = item ? read_part(reader, &event, item, depth) : -1;
			bool key = part->kind == PIPELINE_YAML_MAP && part->count % 2 == 1;
			if (rc == 0 && key && item->kind != PIPELINE_YAML_TEXT)
				rc = complain(reader, &event.start_mark, "a key must be a text", NULL);
		}
		yaml_event_delete(&event);
		if (rc)
			return rc < 0 ? -1 : 0;
	}
}

static int read_part(struct reader *reader, const yaml_event_t *event, struct pipeline_yaml *part, unsigned depth)
{
	part->place =
	    (struct pipeline_place){(unsigned)event->start_mark.line + 1, (unsigned)event->start_mark.column + 1};
	if (++reader->parts > PIPELINE_YAML_PARTS_MAX)
		return complain(reader, &event->start_mark, "too many entries in one file", NULL);
	if (depth >= PIPELINE_YAML_DEPTH_MAX)
		return complain(reader, &event->start_mark, "nested too deeply", NULL);
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_text(reader, event, part);
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor || event->data.sequence_start.tag)
			break;
		part->kind = PIPELINE_YAML_LIST;
		return read_items(reader, YAML_SEQUENCE_END_EVENT, part, depth + 1);
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor || event->data.mapping_start.tag)
			break;
		part->kind = PIPELINE_YAML_MAP;
		return read_items(reader, YAML_MAPPING_END_EVENT, part, depth + 1);
	default:
		return complain(reader, &event->start_mark, "aliases are not allowed: write it out", NULL);
	}
	return complain(reader, &event->start_mark, "anchors and tags are not allowed", NULL);
}

/* Stream start, document start, the document, its end, stream end. */
static int read_stream(struct reader *reader, struct pipeline_yaml *root)
{
	bool seen = false;
	for (;;) {
		yaml_event_t event;
		if (next_event(reader, &event) < 0)
			return -1;
		int rc = 0;
		bool end = event.type == YAML_STREAM_END_EVENT;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_STREAM_END_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (seen)
				rc = complain(reader, &event.start_mark, "a second document is not allowed", NULL);
			break;
		default:
			seen = true;
			rc = read_part(reader, &event, root, 0);
		}
		yaml_event_delete(&event);
		if (rc < 0 || end)
			return rc;
	}
}

int pipeline_yaml_parse(const char *name, const void *data, size_t len, struct pipeline_yaml **ret_root,
			struct tusk_err *err)
{
	struct reader reader = {.name = name, .err = err};
	if (len > PIPELINE_YAML_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s: larger than %u KiB", name, PIPELINE_YAML_MAX >> 10);
	PIPELINE_AUTO_YAML struct pipeline_yaml *root = calloc(1, sizeof(*root));
	if (!root || !yaml_parser_initialize(&reader.parser))
		return no_memory(&reader);
	root->kind = PIPELINE_YAML_MAP;
	root->place = (struct pipeline_place){1, 1};
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, data ? data : (const void *)"", len);
	int rc = read_stream(&reader, root);
	yaml_parser_delete(&reader.parser);
	if (rc == 0)
		*ret_root = TUSK_STEAL(root);
	return rc;
}
