#include "sums.h"

#include "sumtext.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define MARK_BYTES   (64u << 10) /* of text between two marks */
#define LAYOUT_COUNT 64          /* kept: 16 bytes for each mark */

struct mark {
	uint64_t number, offset; /* the line of that file starts there */
};

struct layout {
	unsigned references; /* under the lock of struct tuskfs_sums */
	uint64_t used, size;
	uint32_t slot;
	struct mark *marks;
	size_t count, capacity;
};

struct tuskfs_sums {
	atomic_bool stop;
	pthread_mutex_t lock; /* what follows */
	uint64_t clock;
	struct layout *layouts[LAYOUT_COUNT];
};

int tuskfs_sums_new(struct tuskfs_sums **ret_sums, struct tusk_err *err)
{
	struct tuskfs_sums *sums = calloc(1, sizeof(*sums));
	if (!sums)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep lists of checksums");
	pthread_mutex_init(&sums->lock, NULL);
	*ret_sums = sums;
	return 0;
}

void tuskfs_sums_stop(struct tuskfs_sums *sums)
{
	sums->stop = true;
}

static void free_layout(struct layout *layout)
{
	if (!layout)
		return;
	free(layout->marks);
	free(layout);
}
TUSK_DEFINE_CLEANUP(struct layout, layout, free_layout)

void tuskfs_sums_free(struct tuskfs_sums *sums)
{
	if (!sums)
		return;
	for (size_t i = 0; i < LAYOUT_COUNT; i++)
		free_layout(sums->layouts[i]);
	pthread_mutex_destroy(&sums->lock);
	free(sums);
}

/* ---- making a layout ---- */

static int measure_line(void *context, uint64_t number, const struct tusk_buf *line, struct tusk_err *err)
{
	struct layout *layout = context;
	if (!layout->count || layout->size - layout->marks[layout->count - 1].offset >= MARK_BYTES) {
		if (layout->count == layout->capacity) {
			size_t capacity = layout->capacity ? 2 * layout->capacity : 16;
			struct mark *marks = reallocarray(layout->marks, capacity, sizeof(*marks));
			if (!marks)
				return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list checksums");
			layout->marks = marks;
			layout->capacity = capacity;
		}
		layout->marks[layout->count++] = (struct mark){.number = number, .offset = layout->size};
	}
	layout->size += line->len;
	return 0;
}

static int measure(const struct tuskfs_sums *sums, const struct tuskfs_slot *slot, struct layout **ret_layout,
		   struct tusk_err *err)
{
	if (!slot->view)
		return tusk_err_set(err, slot->why, 0, "the snapshot cannot be opened");
	TUSK_CLEANUP(layout_cleanup) struct layout *layout = calloc(1, sizeof(*layout));
	if (!layout)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list checksums");
	layout->slot = slot->slot;
	struct tuskfs_sumtext walk = {.view = slot->view, .line = measure_line, .context = layout, .stop = &sums->stop};
	if (tuskfs_sumtext_walk(&walk, 0, err) < 0)
		return -1;
	*ret_layout = TUSK_STEAL(layout);
	return 0;
}

/* ---- keeping them ---- */

static struct layout *find_locked(struct tuskfs_sums *sums, uint32_t slot)
{
	for (size_t i = 0; i < LAYOUT_COUNT; i++) {
		struct layout *layout = sums->layouts[i];
		if (layout && layout->slot == slot) {
			layout->used = ++sums->clock;
			return layout;
		}
	}
	return NULL;
}

/* The caller's reference is one, the table's another. */
static void keep_locked(struct tuskfs_sums *sums, struct layout *layout)
{
	struct layout **oldest = &sums->layouts[0];
	for (size_t i = 1; i < LAYOUT_COUNT && *oldest; i++) {
		if (!sums->layouts[i] || sums->layouts[i]->used < (*oldest)->used)
			oldest = &sums->layouts[i];
	}
	if (*oldest && --(*oldest)->references == 0)
		free_layout(*oldest);
	layout->used = ++sums->clock;
	layout->references = 2;
	*oldest = layout;
}

/* Two threads may measure the same snapshot at once: both results are right, the later one is not kept. */
static int hold(struct tuskfs_sums *sums, const struct tuskfs_slot *slot, struct layout **ret_layout,
		struct tusk_err *err)
{
	pthread_mutex_lock(&sums->lock);
	struct layout *layout = find_locked(sums, slot->slot);
	if (layout)
		layout->references++;
	pthread_mutex_unlock(&sums->lock);
	if (!layout) {
		if (measure(sums, slot, &layout, err) < 0)
			return -1;
		pthread_mutex_lock(&sums->lock);
		if (find_locked(sums, slot->slot))
			layout->references = 1;
		else
			keep_locked(sums, layout);
		pthread_mutex_unlock(&sums->lock);
	}
	*ret_layout = layout;
	return 0;
}

static void drop(struct tuskfs_sums *sums, struct layout *layout)
{
	pthread_mutex_lock(&sums->lock);
	bool last = --layout->references == 0;
	pthread_mutex_unlock(&sums->lock);
	if (last)
		free_layout(layout);
}

bool tuskfs_sums_known(struct tuskfs_sums *sums, const struct tuskfs_slot *slot)
{
	pthread_mutex_lock(&sums->lock);
	bool known = find_locked(sums, slot->slot) != NULL;
	pthread_mutex_unlock(&sums->lock);
	return known;
}

int tuskfs_sums_size(struct tuskfs_sums *sums, const struct tuskfs_slot *slot, uint64_t *ret_size, struct tusk_err *err)
{
	struct layout *layout;
	if (hold(sums, slot, &layout, err) < 0)
		return -1;
	*ret_size = layout->size;
	drop(sums, layout);
	return 0;
}

/* ---- reading ---- */

struct reading {
	uint64_t at, offset; /* where the next line starts; where the wanted text does */
	size_t len;
	struct tusk_buf *text;
};

static int read_line(void *context, uint64_t number, const struct tusk_buf *line, struct tusk_err *err)
{
	(void)number;
	struct reading *reading = context;
	uint64_t end = reading->at + line->len;
	if (end > reading->offset) {
		size_t skip = reading->at < reading->offset ? (size_t)(reading->offset - reading->at) : 0;
		size_t take = line->len - skip < reading->len ? line->len - skip : reading->len;
		if (tusk_buf_append(reading->text, line->data + skip, take) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list checksums");
		reading->len -= take;
	}
	reading->at = end;
	return reading->len == 0;
}

static const struct mark *mark_before(const struct layout *layout, uint64_t offset)
{
	size_t low = 0, high = layout->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (layout->marks[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return &layout->marks[low];
}

int tuskfs_sums_read(struct tuskfs_sums *sums, const struct tuskfs_slot *slot, uint64_t offset, size_t len,
		     struct tusk_buf *ret_text, struct tusk_err *err)
{
	struct layout *layout;
	if (hold(sums, slot, &layout, err) < 0)
		return -1;
	int result = 0;
	if (offset < layout->size && len) {
		const struct mark *mark = mark_before(layout, offset);
		struct reading reading = {.at = mark->offset, .offset = offset, .len = len, .text = ret_text};
		struct tuskfs_sumtext walk = {
		    .view = slot->view, .line = read_line, .context = &reading, .digits = true, .stop = &sums->stop};
		result = tuskfs_sumtext_walk(&walk, mark->number, err);
	}
	drop(sums, layout);
	return result;
}
