tusk_module(ingest SOURCES backup.c publish.c commit.c ingest.c walk.c walk_dir.c walk_items.c listing.c paths.c dirjob.c items.c outcome.c
  sample.c worker.c queue.c content.c ready.c holes.c kept.c metadata.c accounts.c links.c chunks.c claims.c writers.c trees.c stream.c filter.c globbing.c
  DEPENDS prune reader chunker codec api_write PRIVATE Threads::Threads)
