tusk_module(reader SOURCES
  cache.c slab.c packs.c locator.c fetch.c fetcher.c prefetch.c
  descend.c view.c dir.c blob.c extents.c chunk_map.c file.c slices.c span.c digest.c refs.c marks.c
  snapshots.c snapfind.c trail.c
  DEPENDS repository tree PRIVATE Threads::Threads)
