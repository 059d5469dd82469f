tusk_unit_test(base base)
tusk_unit_test(wire base)
tusk_unit_test(text base)
tusk_unit_test(library base)
tusk_unit_test(fileio base)
target_link_options(test_fileio PRIVATE
  LINKER:--wrap=fdatasync,--wrap=fsync,--wrap=renameat2,--wrap=write,--wrap=read,--wrap=pread64)
tusk_unit_test(crypto crypto)
tusk_unit_test(lanes crypto)
# Hashing without memory.
target_link_options(test_lanes PRIVATE LINKER:--wrap=EVP_MD_CTX_new,--wrap=EVP_MD_CTX_copy_ex,--wrap=EVP_DigestInit_ex2)
tusk_unit_test(codec codec)
tusk_unit_test(chunker chunker crypto)
tusk_fuzz_target(codec codec)
