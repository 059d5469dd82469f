tusk_module(snapshot SOURCES manifest.c DEPENDS tree node crypto)
