/* From a file to a checked pipeline. */
#include "pipeline/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void release_refs(struct pipeline_refs *refs)
{
	free(refs->items);
}

static void release_source(struct pipeline_source *source)
{
	struct tusk_words *lists[] = {
	    &source->paths, &source->command, &source->exclude, &source->exclude_file, &source->exclude_if_present,
	    &source->tags,  &source->before,  &source->after,   &source->on_failure};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]->items);
}

void pipeline_release(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->source_count; i++)
		release_source(&pipeline->sources[i]);
	for (size_t i = 0; i < pipeline->node_count; i++) {
		release_refs(&pipeline->nodes[i].input);
		release_refs(&pipeline->nodes[i].sources);
	}
	release_refs(&pipeline->strategy.recover);
	free(pipeline->alert.on_failure.items);
	free(pipeline->sources);
	free(pipeline->nodes);
	free(pipeline->order);
	pipeline_yaml_free(pipeline->document);
	*pipeline = (struct pipeline){0};
}

/* "home" of "/etc/tusk/home.yaml". */
static void name_after_file(const char *file, char ret_name[PIPELINE_NAME_MAX + 1])
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	size_t len = strcspn(base, ".");
	snprintf(ret_name, PIPELINE_NAME_MAX + 1, "%.*s", len ? (int)len : 8, len ? base : "pipeline");
	for (char *c = ret_name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *c))
			*c = '-';
}

static int set_name(struct pipeline_loader *loader)
{
	struct pipeline *p = loader->pipeline;
	name_after_file(p->file, p->name);
	if (!p->given_name)
		return 0;
	name_after_file(p->given_name, p->name);
	if (strcmp(p->name, p->given_name) != 0)
		return pipeline_complain(loader, p->name_place, "name \"%s\": only letters, digits, \"_\" and \"-\"",
					 p->given_name);
	return 0;
}

int pipeline_parse(const char *file, const void *data, size_t len, struct pipeline *ret_pipeline, struct tusk_err *err)
{
	PIPELINE_AUTO struct pipeline pipeline = {.file = file};
	struct pipeline_loader loader = {.pipeline = &pipeline, .err = err};
	if (pipeline_yaml_parse(file, data, len, &pipeline.document, err) < 0 ||
	    pipeline_fill(&loader, "the file", pipeline.document, pipeline_root_fields, &pipeline) < 0 ||
	    set_name(&loader) < 0 || pipeline_connect(&loader) < 0)
		return -1;
	*ret_pipeline = pipeline;
	pipeline = (struct pipeline){0};
	return 0;
}

static int check_file(struct pipeline_loader *loader, const char *key, const char *path, struct pipeline_place place)
{
	if (!path || access(path, R_OK) == 0)
		return 0;
	return pipeline_complain(loader, place, "%s \"%s\": %s", key, path, strerror(errno));
}

static int check_files(struct pipeline_loader *loader)
{
	const struct pipeline *p = loader->pipeline;
	if (check_file(loader, "password-file", p->password_file, p->password_place) < 0 ||
	    check_file(loader, "key-file", p->key_file, p->key_place) < 0)
		return -1;
	for (size_t i = 0; i < p->node_count; i++)
		if (check_file(loader, "credentials-file", p->nodes[i].credentials_file,
			       p->nodes[i].credentials_place) < 0)
			return -1;
	return 0;
}

static int read_all(const char *file, struct tusk_buf *ret_data, struct tusk_err *err)
{
	TUSK_AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_USAGE, errno, "pipeline %s", file);
	if (tusk_buf_reserve(ret_data, PIPELINE_YAML_MAX + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	while (ret_data->len <= PIPELINE_YAML_MAX) {
		ssize_t got = read(fd, ret_data->data + ret_data->len, PIPELINE_YAML_MAX + 1 - ret_data->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return tusk_err_set(err, TUSK_E_IO, errno, "pipeline %s", file);
		if (got == 0)
			break;
		ret_data->len += (size_t)got;
	}
	return 0;
}

int pipeline_load(const char *file, struct pipeline *ret_pipeline, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	PIPELINE_AUTO struct pipeline pipeline = {0};
	struct pipeline_loader loader = {.pipeline = &pipeline, .err = err};
	if (read_all(file, &data, err) < 0 || pipeline_parse(file, data.data, data.len, &pipeline, err) < 0 ||
	    check_files(&loader) < 0)
		return -1;
	*ret_pipeline = pipeline;
	pipeline = (struct pipeline){0};
	return 0;
}
