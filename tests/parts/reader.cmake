# Repositories written by hand, block by block (tests name "handmade" among their modules).
add_library(tusk_handmade STATIC ${CMAKE_CURRENT_LIST_DIR}/../lib/handmade.c)
target_link_libraries(tusk_handmade PUBLIC tusk_fixture_repository tusk_reader)

tusk_unit_test(cache reader)
tusk_unit_test(reader handmade)
tusk_unit_test(reader_damage handmade)
tusk_unit_test(reader_threads handmade)
tusk_unit_test(snapshots handmade)
tusk_unit_test(check check handmade)
tusk_unit_test(stored check)
tusk_unit_test(reader_backup check ingest fixture_repository)
