tusk_module(index SOURCES index.c DEPENDS pack PRIVATE PkgConfig::LMDB PkgConfig::XXHASH Threads::Threads)
