#include "file_private.h"

int tusk_file_span(struct tusk_file *file, uint64_t offset, uint64_t *ret_start, uint64_t *ret_end,
		   struct tusk_err *err)
{
	struct tusk_stretch stretch, before;
	struct tusk_chunk_place place;
	if (file->is_inline || offset >= tusk_file_size(file))
		return TUSK_ABSENT;
	tusk_extents_at(&file->extents, offset, &stretch);
	if (!stretch.is_data)
		return TUSK_ABSENT;
	if (tusk_chunk_map_find(&file->map, stretch.data_offset, &place, err) != 0)
		return -1;
	/* Towards the start the chunk may reach back over a hole. */
	uint64_t back = stretch.data_offset - place.start, ahead = place.len - back;
	tusk_extents_at(&file->extents, offset - (back < offset ? back : offset), &before);
	bool whole = before.is_data && before.data_offset == place.start && before.len >= back;
	*ret_start = whole ? offset - back : offset;
	*ret_end = offset + (ahead < stretch.len ? ahead : stretch.len);
	return TUSK_FOUND;
}
