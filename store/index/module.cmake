tusk_module(index SOURCES db.c doubt.c entry.c env.c forget.c guard.c index.c items.c order.c pages.c parts.c probe.c rebuild.c shed.c snapshots.c sync.c tocs.c txn.c users.c
  DEPENDS pack PRIVATE PkgConfig::LMDB PkgConfig::XXHASH Threads::Threads)
