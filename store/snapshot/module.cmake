tusk_module(snapshot SOURCES manifest.c sealed.c body_decode.c body_encode.c DEPENDS tree node crypto)
