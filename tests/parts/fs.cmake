# The driver. Everything but its main() is in tusk_fs_core.
tusk_unit_test(inode fs_core)
tusk_unit_test(errmap fs_core)
tusk_unit_test(mountopts fs_core)
tusk_unit_test(scan fs_core)
tusk_unit_test(views fs_core fixture_repository)
tusk_fuzz_target(mountopts fs_core)
tusk_fuzz_target(fuse_requests fs_core fixture_repository write)

foreach(topic attributes caching crash damage hardlinks holes listing live mount_type options permissions space views xattrs xattrs_later)
  add_test(NAME fs/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/fs/${topic}.sh)
  set_tests_properties(fs/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()
