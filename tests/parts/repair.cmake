# Check, scrub, repair; hostile content.
tusk_unit_test(check_share check handmade)
tusk_unit_test(ledger check fixture)
tusk_unit_test(scrub check handmade)
tusk_fuzz_target(ledger check)
tusk_unit_test(ingest_kept check world)
tusk_unit_test(repair repair handmade)
add_test(NAME cli/repair COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/repair.sh)
set_tests_properties(cli/repair PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 300)
