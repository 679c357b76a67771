# The levels of kernels/turned.h.
target_sources(kernels PRIVATE turned.c turned_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(kernels PRIVATE turned_avx2.c turned_avx512.c)
  set_source_files_properties(turned_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(turned_avx512.c PROPERTIES COMPILE_OPTIONS "-mavx512f")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_sources(kernels PRIVATE turned_neon.c)
endif()
