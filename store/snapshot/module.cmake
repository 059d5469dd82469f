tusk_module(snapshot SOURCES manifest.c body.c DEPENDS tree node crypto)
