tusk_module(prune SOURCES notes.c owner.c lease.c leases.c session.c condemn.c work.c table.c live.c repack.c choose.c prune.c forget.c undo.c policy.c marking.c spare.c
  DEPENDS reader api_write PRIVATE Threads::Threads)
