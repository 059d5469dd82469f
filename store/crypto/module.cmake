tusk_module(crypto SOURCES algorithms.c hash.c lanes.c sha256_plain.c keys.c aead.c kdf.c mac.c DEPENDS base api_read
  PRIVATE PkgConfig::CRYPTO Threads::Threads)
