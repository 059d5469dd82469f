# Nodes behind ssh. lagproxy makes a far away place of this machine.
add_executable(lagproxy lib/lagproxy.c)
target_link_libraries(lagproxy PRIVATE Threads::Threads)
# The same for packets; for scripts/bench-far.
add_executable(lagtun lib/lagtun.c)

tusk_unit_test(limit node)
tusk_unit_test(node_cache node fixture)
tusk_fuzz_target(serve serve fixture)
tusk_fuzz_target(ssh_answers node)
foreach(topic ssh ssh_attack ssh_cut ssh_lag ssh_pipe)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
    TIMEOUT 300)
endforeach()
