# The SIMD levels: one source, one instruction set each, chosen at run time (kernels/simd.h, kernels/lanes.h, kernels/cpu.h).
target_sources(kernels PRIVATE simd.c simd_portable.c packed.c packed_portable.c products.c weights.c
  weights_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(kernels PRIVATE simd_avx2.c simd_avx512.c packed_avx2.c packed_avx512.c lanes_avx2.c lanes_avx512.c
    weights_avx2.c weights_avx512.c products_few.c products_amx.c)
  set_source_files_properties(simd_avx2.c weights_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(packed_avx2.c lanes_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
  set_source_files_properties(simd_avx512.c packed_avx512.c lanes_avx512.c weights_avx512.c PROPERTIES COMPILE_OPTIONS "-mavx512f")
  set_source_files_properties(products_few.c products_amx.c PROPERTIES COMPILE_OPTIONS
    "-mavx512f;-mavx512bw;-mavx512vnni;-mavx512bf16;-mamx-tile;-mamx-bf16")
  target_sources(kernels PRIVATE loops_avx2.c loops_avx512.c trellis_walk_avx2.c trellis_walk_avx512.c)
  set_source_files_properties(loops_avx2.c trellis_walk_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2")
  set_source_files_properties(loops_avx512.c trellis_walk_avx512.c PROPERTIES COMPILE_OPTIONS "-mavx512f")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_sources(kernels PRIVATE simd_neon.c packed_neon.c lanes_neon.c weights_neon.c)
endif()

# Inlined many times over: minutes to compile when they are optimised with the sanitizers' checks in them.
if(KVANT_SANITIZE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_property(SOURCE lanes_avx2.c lanes_avx512.c packed_avx2.c packed_avx512.c products_few.c products_amx.c
    APPEND PROPERTY COMPILE_OPTIONS -O1)
endif()
