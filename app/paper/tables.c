#include "app/paper/tables.h"

#include <string.h>

#define SURVEY "kvant's field survey of November 2026"

const paper_table paper_tables[] = {
    { .name = "h1",
      .title = "What Lloyd-Max codebooks leave: E|x - x'|^2 of a unit row",
      .source = "TurboQuant, arXiv 2504.19874, theorem 1",
      .notes =
          "N(0,1): the codebook of kernels/lloyd.h; d=...: polar(bits=b,scale=plain) on Gaussian rows. The limit of "
          "4^b D is sqrt(3) pi/2 = 2.721. The paper's 0.009 is rounded down: no quantiser of 4 bits reaches it.",
      .fill = paper_h1 },
    { .name = "h2",
      .title = "The error of inner products: d E(<y,x> - <y,x'>)^2, d = 128",
      .source = "TurboQuant, arXiv 2504.19874, theorem 2; EDEN, arXiv 2108.08842",
      .notes = "prod, Gaussian sketch: (pi/2 - 1/d) D(b-1); orthogonal: (pi/(2 beta^2) - 1) D(b-1), beta = sqrt(d/2) "
               "G(d/2)/G((d+1)/2); mse: D(b); unbiased: D/(1-D) and its term in 1/d. <x,x'>: the mean of <x,x'>/|x|^2, "
               "1 - D for mse. The paper's 0.047 is pi/2 times the rounded 0.03.",
      .fill = paper_h2 },
    { .name = "h3",
      .title = "Rate and distortion on N(0,1), R bits a value",
      .source = "Shannon 1959; Gish and Pierce 1968; QTIP, arXiv 2406.11235; " SURVEY,
      .notes =
          "Exact entropies and Lloyd-Max distortions are those of d = 128; the published ones those of N(0,1). An "
          "entropy coder behind polar saves at most 1 - entropy/bits: 4.3 % at 2 bits, 5.6 % at 3 and 5.7 % at 4. TCQ: the "
          "survey drew its levels at random; its figures are bounds.",
      .fill = paper_h3 },
    { .name = "h4",
      .title = "Lattices: their cells, and codes of d = 128 with them on N(0,1)",
      .source = "Conway and Sloane 1982; KakeyaLattice v1.4, v1.5; " SURVEY,
      .notes =
          "clip=max: the step is largest value/q, as in KakeyaLattice; exact: second moment of the cell times E "
          "max^2/q^2. At the same q E8 costs 1/4 bit a value more than D4, which is most of its lead. uniform: what "
          "KakeyaLattice compares with as \"TQ\" at 2, 3 and 4 bits: 2^b - 1 levels up to the largest value; at 3 "
          "bits it leaves twice what Lloyd-Max leaves (h1). clip=optimal: the survey's figure is a bound.",
      .fill = paper_h4 },
    { .name = "h5",
      .title = "Two bits on 128 x 128 tiles: error as a share of the energy",
      .source = "KIVI, arXiv 2402.02750; KVarN, arXiv 2606.03458; figures: " SURVEY,
      .notes =
          "iid: N(0,1). biased: channels 26, 61, 68 and 117 have mean 20 and deviation 5. scaled: every row times "
          "exp(N(0,1)). both: both. token, channel: kivi(axis=...) in groups of 32, exact by an integral or the rule "
          "written down once more, on the same rows. The survey does not say which channels. With one in every "
          "group of 32 the unrotated figures are the survey's wherever they stand; the rotated ones move between "
          "0.07 and 0.20 with the choice, and this choice gives the survey's. Scaled sources weigh few rows heavily: "
          "there another draw moves the figures by several per cent. Bits a value: groups 3.0, TurboQuant 2.125, "
          "KVarN 2.375.",
      .fill = paper_h5 },
    { .name = "h6",
      .title = "Block formats: error as a share of the energy",
      .source = "ggml; OCP 8-bit floating point and microscaling formats 1.0; figures: " SURVEY,
      .notes =
          "iid: N(0,1), exact by integrals over the range of a block. outliers: channels 26, 61, 68 and 117 of 128 "
          "have mean 20 and deviation 5, one in every block of 32. rotated: the same rows in rotate(...). iq4_nl is "
          "held against the same rule written down once more: one weighted refit of the scale, as a cache gets it. "
          "The survey's figures are those of the search over scales that is meant for weights.",
      .fill = paper_h6 },
    { .name = "h7",
      .title = "Transform coding, d = 128: distortion per value, and coding gain",
      .source = "reverse water-filling, Kolmogorov 1956; Halko, Martinsson, Tropp 2011",
      .notes =
          "AR(1): covariance 0.9^|i-j|. 1/k: eigenvalues 1/k along random directions. gain AM/GM: of the eigenvalues, "
          "by formula and as computed. gain, coded: errors of rounding at equal entropy, columns as they are against "
          "principal components. R=...: each component leaves 4^-bits of its eigenvalue, bits allocated by dynamic "
          "programming in eighths or whole, against reverse water-filling. RSVD: variance lost by a sketch of 32 + 8 "
          "directions of 1024 rows: without power iterations by all of them, on average at most (1 + 32/7) times "
          "what 32 exact directions lose (theorem 10.5); with two, by the first 32 against 32 exact ones.",
      .fill = paper_h7 },
    { .name = "k1",
      .title = "KakeyaTurbo's ratios, by the bytes of 28 layers of 2 x 4096 rows of 128",
      .source = "FluffyAIcode/LLM-KV--Cache-compress, pull request 13",
      .notes =
          "B: bytes of a stream. Edges: boundary layers. Exact: the byte formulas, with outliers at the rate of a "
          "coordinate of the sphere. Riemann cells (F1, F2, B1, D1) are counted with besi, whose rows have the bytes "
          "that the printed ratios assume. v1.3 PPL ran with 6 of 28 layers uncompressed: no codec can then exceed "
          "4.67, and 4.61 is not the ratio of what was run.",
      .fill = paper_k1 },
    { .name = "k4",
      .title = "Besicovitch and lattice codes on N(0,1), d = 128",
      .source = "FluffyAIcode/LLM-KV--Cache-compress, pull request 13; KakeyaLattice",
      .notes =
          "published: the magnitudes' table is used up to the row's largest value only, which leaves half of its "
          "levels idle; mended: scaled by the rms, levels trained. f16: magnitudes in f16 leave what the directions "
          "alone cost, (1 - sinc(pi/2^d))/2. Lattices with clip=max and the coset's own bit.",
      .fill = paper_k4 },
    { 0 },
};

const paper_table *paper_find(const char *name)
{
    for (const paper_table *t = paper_tables; t->name; t++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}
