# The levels of kernels/fused.h: one source, one instruction set each, as in simd.cmake.
target_sources(kernels PRIVATE fused.c fused_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(kernels PRIVATE fused_avx2.c fused_avx512.c)
  set_source_files_properties(fused_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
  set_source_files_properties(fused_avx512.c PROPERTIES COMPILE_OPTIONS "-mavx512f")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_sources(kernels PRIVATE fused_neon.c)
endif()

# Registers stand in arrays that vanish when their loops are unrolled. Under AddressSanitizer they would be memory with
# fences: minutes to compile, and nothing found that the portable level, which has the fences, does not find.
if(KVANT_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_property(SOURCE fused_avx2.c fused_avx512.c APPEND PROPERTY COMPILE_OPTIONS -O1 --param=asan-stack=0)
endif()
