tusk_module(reader SOURCES fetcher.c view.c file.c snapshots.c DEPENDS repository tree PRIVATE Threads::Threads)
