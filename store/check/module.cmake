tusk_module(check SOURCES
  check.c report.c objects.c gone.c notes.c packs.c stored.c keyset.c walk.c structure.c files.c data.c share.c ledger.c scrub.c keyless.c pool.c blame.c usage.c
  DEPENDS reader api_write PRIVATE Threads::Threads)
