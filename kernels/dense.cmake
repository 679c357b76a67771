# Levels of kernels/dense.h.
target_sources(kernels PRIVATE dense.c dense_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(kernels PRIVATE dense_avx2.c dense_avx512.c)
  set_source_files_properties(dense_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2")
  set_source_files_properties(dense_avx512.c PROPERTIES COMPILE_OPTIONS "-mavx512f")
endif()
