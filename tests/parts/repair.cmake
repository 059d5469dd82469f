# Check, scrub, repair; hostile content.
tusk_unit_test(check_share check handmade)
tusk_unit_test(ledger check fixture)
tusk_unit_test(scrub check handmade)
tusk_fuzz_target(ledger check)
tusk_unit_test(ingest_kept check world)
