/* Uploads in the making. Only the reading thread is here. */
#include "serve_private.h"

/* The largest object there is: a pack (FORMAT.md, Limits). */
#define SIZE_MAX_EVER ((uint64_t)80 << 20)
#define REPLACE_MAX   ((uint64_t)16 << 20)

void tusk_serve_upload_drop(struct tusk_serve_upload *upload)
{
	tusk_upload_abort(upload->upload);
	tusk_hasher_free(upload->hasher);
	tusk_buf_release(&upload->data);
	*upload = (struct tusk_serve_upload){0};
}

static struct tusk_serve_upload *find(struct tusk_serve *serve, uint32_t id)
{
	for (size_t i = 0; i < serve->upload_count; i++) {
		if (serve->uploads[i].id == id)
			return &serve->uploads[i];
	}
	return NULL;
}

/* An upload that fails is answered and forgotten; what still comes for it is passed over. */
static void fail(struct tusk_serve *serve, uint32_t id, const struct tusk_err *why)
{
	struct tusk_serve_upload upload;

	if (tusk_serve_upload_take(serve, id, &upload))
		tusk_serve_upload_drop(&upload);
	tusk_serve_answer_failed(serve, id, why);
}

static size_t count_replacing(const struct tusk_serve *serve)
{
	size_t count = 0;

	for (size_t i = 0; i < serve->upload_count; i++)
		count += serve->uploads[i].replace ? 1 : 0;
	return count;
}

int tusk_serve_upload_begin(struct tusk_serve *serve, uint32_t id, bool replace, struct tusk_err *err)
{
	struct tusk_serve_upload upload = {.id = id, .replace = replace};
	struct tusk_err why = {0};
	int result;

	if (find(serve, id))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "an upload with an id in use");
	if (serve->upload_count == TUSK_SERVE_UPLOADS_MAX ||
	    (replace && count_replacing(serve) == TUSK_SERVE_REPLACE_MAX))
		result = tusk_err_set(&why, TUSK_E_LIMIT, 0, "too many uploads at once");
	else if (replace)
		result = 0;
	else
		result = tusk_upload_begin(serve->node, &upload.upload, &why);
	if (result == 0 && !(upload.hasher = tusk_hasher_new()))
		result = tusk_err_set(&why, TUSK_E_NOMEM, 0, "out of memory");
	if (result == 0) {
		serve->uploads[serve->upload_count++] = upload;
		return 0;
	}
	tusk_serve_upload_drop(&upload);
	tusk_serve_answer_failed(serve, id, &why);
	return 0;
}

void tusk_serve_upload_write(struct tusk_serve *serve, uint32_t id, const struct tusk_request *request)
{
	struct tusk_serve_upload *upload = find(serve, id);
	struct tusk_err why = {0};
	int result = 0;

	if (!upload)
		return;
	if (request->data_len > (upload->replace ? REPLACE_MAX : SIZE_MAX_EVER) - upload->size)
		result = tusk_err_set(&why, TUSK_E_LIMIT, 0, "an object larger than any can be");
	else if (!upload->replace)
		result = tusk_upload_write(upload->upload, request->data, request->data_len, &why);
	else if (tusk_buf_append(&upload->data, request->data, request->data_len) < 0)
		result = tusk_err_set(&why, TUSK_E_NOMEM, 0, "out of memory");
	if (result < 0) {
		fail(serve, id, &why);
		return;
	}
	tusk_hasher_update(upload->hasher, request->data, request->data_len);
	upload->size += request->data_len;
}

bool tusk_serve_upload_take(struct tusk_serve *serve, uint32_t id, struct tusk_serve_upload *ret_upload)
{
	struct tusk_serve_upload *upload = find(serve, id);

	if (!upload)
		return false;
	*ret_upload = *upload;
	*upload = serve->uploads[--serve->upload_count];
	return true;
}
