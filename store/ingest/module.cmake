tusk_module(ingest SOURCES backup.c DEPENDS reader chunker codec api_write PRIVATE Threads::Threads)
