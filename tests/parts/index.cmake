foreach(test index index_sharing index_damage)
  tusk_unit_test(${test} index fixture)
  target_link_libraries(test_${test} PRIVATE PkgConfig::LMDB)
endforeach()
