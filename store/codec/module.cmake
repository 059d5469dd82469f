tusk_module(codec SOURCES codec.c DEPENDS base PRIVATE PkgConfig::LZ4 PkgConfig::ZSTD Threads::Threads)
