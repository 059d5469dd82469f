tusk_module(base SOURCES err.c buf.c id.c text.c wire.c radix.c fileio.c library.c clock.c DEPENDS api_base PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
